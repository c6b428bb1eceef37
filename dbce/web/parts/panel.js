// A square picture with a caption, a mark that follows the pointer in all panels, and perhaps a colour bar.
import { IGNORE } from "../core/dilation.js";
import { digits, grouped } from "../core/format.js";
import { BLACK, hatched, mix } from "./colour.js";
import { attribute, write } from "./write.js";

const FRAME = `<div class="frame"><div class="stage"><canvas role="img" tabindex="0"></canvas><div class="ring"></div>
  <div class="cross"></div></div><div class="over">
  <button type="button" class="fit" data-do="zoom-fit" tabindex="-1">Fit</button></div></div>`;
const SCALE = `<div class="scale"><canvas width="256" height="1" aria-hidden="true"></canvas>
  <p><span></span><span></span></p></div>`;
const IGNORED = `<p class="legend" data-legend="ignored"><span><i class="ignored"></i><span></span></span></p>`;

/** @typedef {{at: number[], colour: number} | null} Lines pixels of one colour on top of a picture */

export class Panel {
  /**
   * @param {import("../app/viewer.js").Viewer} viewer
   * @param {Element} parent
   * @param {string} caption
   * @param {{scale?: Uint32Array | null, disk?: boolean}} options a table of 256 colours; whether it shows the disk
   */
  constructor(viewer, parent, caption, { scale = null, disk = false } = {}) {
    this.viewer = viewer;
    this.figure = document.createElement("figure");
    this.figure.className = "panel";
    this.figure.innerHTML = `${FRAME}<figcaption>${caption}</figcaption>${scale ? SCALE : ""}`;
    parent.append(this.figure);
    const text = this.figure.querySelector("figcaption").textContent;
    this.unseen = text ? `${text}, not drawn yet` : "Not drawn yet";
    /** @type {HTMLCanvasElement} */
    this.canvas = this.figure.querySelector(".frame canvas");
    this.canvas.setAttribute("aria-label", this.unseen);
    /** @type {HTMLElement} */
    this.ring = this.figure.querySelector(".ring");
    /** @type {HTMLElement} */
    this.cross = this.figure.querySelector(".cross");
    /** @type {HTMLElement} */
    this.caption = this.figure.querySelector("figcaption");
    /** @type {HTMLElement} */
    this.legend = null;
    this.disk = disk;
    this.marks = false; // whether a pixel
    this.size = 0;
    /** @type {any[]} what it shows was drawn for */
    this.drawn = [];
    if (scale) {
      this.drawBar(scale);
      this.ends = this.figure.querySelectorAll(".scale span");
    }
    viewer.panels.push(this);
  }

  /** @param {Uint32Array} scale a table of 256 colours, shown as the bar */
  drawBar(scale) {
    /** @type {HTMLCanvasElement} */
    const bar = this.figure.querySelector(".scale canvas");
    bar
      .getContext("2d")
      .putImageData(new ImageData(new Uint8ClampedArray(new Uint32Array(scale).buffer), 256, 1), 0, 0);
  }

  /**
   * Mark a pixel: with a cross, or with the disk where this panel shows it and there is one.
   * @param {import("../app/viewer.js").Pixel | null} pixel
   * @param {number | null} radius of the disk
   * @param {number} size pixels a side
   */
  mark(pixel, radius, size) {
    if (this.marks) this.cross.style.display = this.ring.style.display = "none";
    this.marks = Boolean(pixel);
    if (!pixel) return;
    const mark = this.disk && radius !== null ? this.ring : this.cross;
    mark.style.display = "block";
    mark.style.left = `${((pixel.x + 0.5) / size) * 100}%`;
    mark.style.top = `${((pixel.y + 0.5) / size) * 100}%`;
    mark.classList.toggle("disk", mark === this.ring);
    if (mark === this.ring) mark.style.width = mark.style.height = `${((2 * radius + 1) / size) * 100}%`;
  }

  /**
   * Whether it shows what depends on these, and the opacity over the image, already: then a frame need not draw it.
   * @param {any[]} parts
   */
  shows(...parts) {
    const { image, state } = this.viewer;
    const now = [image, state.opacity, ...parts];
    const same = now.length === this.drawn.length && now.every((part, k) => part === this.drawn[k]);
    this.drawn = now;
    return same;
  }

  /** The pixels as 32-bit words, to be filled and shown. */
  words() {
    const { size } = this.viewer.study;
    if (this.size !== size) {
      this.size = this.canvas.width = this.canvas.height = size;
      this.context = this.canvas.getContext("2d");
      this.data = this.context.createImageData(size, size);
      this.pixels = new Uint32Array(this.data.data.buffer);
    }
    return this.pixels;
  }

  /** Hatches the ignored pixels. */
  hatch() {
    const { labels, size, ignored } = this.viewer.study;
    if (!ignored) return;
    for (let i = 0; i < labels.length; i++) if (labels[i] === IGNORE) this.pixels[i] = hatched(i, size);
  }

  /** Says below the panel how many pixels are ignored, where there are any. */
  tellIgnored() {
    const { ignored } = this.viewer.study;
    if (!this.legend) {
      this.figure.insertAdjacentHTML("beforeend", IGNORED);
      this.legend = /** @type {HTMLElement} */ (this.figure.lastElementChild);
    }
    this.legend.hidden = !ignored;
    this.legend.querySelector("span span").textContent = `ignored: ${grouped(ignored)} px`;
  }

  /**
   * @param {string} text what a screen reader says of it
   * @param {{clear?: boolean, lines?: Lines}} over whether its black pixels let the image through wholly as soon as
   *   anything does; lines on top
   */
  show(text, { clear = false, lines = null } = {}) {
    const { pixels } = this;
    const { image, state } = this.viewer;
    const k = Math.round(state.opacity * 256);
    if (k < 256)
      for (let i = 0; i < pixels.length; i++)
        pixels[i] = clear && pixels[i] === BLACK ? image[i] : mix(pixels[i], image[i], k);
    if (lines) for (const i of lines.at) pixels[i] = lines.colour;
    this.context.putImageData(this.data, 0, 0);
    if (text) attribute(this.canvas, "aria-label", text);
  }

  /**
   * Values from 0 to `top` through a table of 256 colours, and lines on top of them.
   * @param {ArrayLike<number>} values
   * @param {number} top
   * @param {Uint32Array} table
   * @param {string} text
   * @param {Lines} lines
   */
  map(values, top, table, text, lines = null) {
    const out = this.words();
    const factor = top > 0 ? 255 / top : 0;
    for (let i = 0; i < out.length; i++) out[i] = table[(values[i] * factor) | 0];
    this.scaled(top, text, lines);
  }

  /**
   * The same of values that are a product: of a weight a cell, and what it weighs at every pixel.
   * @param {Uint16Array} cells
   * @param {Float32Array} weights by cell
   * @param {Float32Array} of
   * @param {number} top
   * @param {Uint32Array} table
   * @param {string} text
   * @param {Lines} lines
   */
  weighted(cells, weights, of, top, table, text, lines = null) {
    const out = this.words();
    const factor = top > 0 ? 255 / top : 0;
    for (let i = 0; i < out.length; i++) out[i] = table[(Math.fround(weights[cells[i]] * of[i]) * factor) | 0];
    this.scaled(top, text, lines);
  }

  /**
   * The same of one value a cell.
   * @param {Uint16Array} cells
   * @param {Float32Array} values by cell
   * @param {number} top
   * @param {Uint32Array} table
   * @param {string} text
   * @param {Lines} lines
   */
  byCell(cells, values, top, table, text, lines = null) {
    const out = this.words();
    const factor = top > 0 ? 255 / top : 0;
    const colours = new Uint32Array(values.length);
    for (let k = 0; k < colours.length; k++) colours[k] = table[(values[k] * factor) | 0];
    for (let i = 0; i < out.length; i++) out[i] = colours[cells[i]];
    this.scaled(top, text, lines);
  }

  /**
   * What the pixels show, with the ends of their scale.
   * @param {number} top
   * @param {string} text
   * @param {Lines} lines
   */
  scaled(top, text, lines) {
    this.show(text, { lines });
    if (!this.ends) return;
    write(this.ends[0], "0");
    write(this.ends[1], digits(top));
  }

  /** Nothing: what an image showed does not stay for the next one. */
  clear() {
    this.drawn = [];
    this.words().fill(0);
    this.context.putImageData(this.data, 0, 0);
    this.canvas.setAttribute("aria-label", this.unseen);
  }

  /**
   * The image in view.
   * @param {string} text
   */
  showImage(text) {
    this.words();
    this.context.drawImage(this.viewer.bitmap, 0, 0);
    if (text) this.canvas.setAttribute("aria-label", text);
  }
}
