// One dot an image: a score of one network against that of another, with the histogram of each beside its axis. Dots
// are drawn when the view of them changes; what the pointer moves lies on a layer above them. As in the panels, Ctrl
// and the wheel zoom at the pointer and 0 shows all again; a drag selects, with Shift it pans.
import { Plane } from "./plane.js";
import { Drawing, RADII, ROOM } from "./scatter_drawing.js";

/** @typedef {{x: Float64Array, y: Float64Array, third: Int8Array, names: string[], labels: [string, string]}} Dots */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Box in scores */

const REACH = 14; // px from a dot within which it is meant
const MOVED = 4; // px from which a press is a drag

export class Scatter {
  /**
   * @param {HTMLElement} parent
   * @param {{pick: (image: number) => void, point: (image: number) => void, select: (box: Box | null) => void}} on
   */
  constructor(parent, on) {
    this.on = on;
    this.box = document.createElement("div");
    this.box.className = "scatter";
    this.box.innerHTML = `<canvas tabindex="0" role="img"></canvas>
      <svg aria-hidden="true"><rect hidden/><circle/></svg>`;
    parent.append(this.box);
    this.canvas = /** @type {HTMLCanvasElement} */ (this.box.querySelector("canvas"));
    this.layer = this.box.querySelector("svg");
    /** @type {Dots | null} */
    this.dots = null;
    /** @type {Set<number> | null} the images that are not dimmed */
    this.kept = null;
    this.now = -1;
    this.plane = new Plane(ROOM);
    this.waiting = 0;
    /** @type {Box | null} what is selected */
    this.chosen = null;
    new ResizeObserver(() => this.dots && this.paint()).observe(this.box);
    this.listen();
  }

  /**
   * @param {Dots} dots
   * @param {Set<number> | null} kept the images that are not dimmed; all if null
   * @param {number} even half the width of the band in which scores count as even
   */
  draw(dots, kept, even) {
    this.dots = dots;
    this.kept = kept;
    this.even = even;
    this.paint();
  }

  /** Ring the dot of an image. @param {number} image */
  ring(image) {
    this.now = image;
    if (!this.dots || !this.plane.side || image < 0) return;
    const ring = this.layer.querySelector("circle");
    const [x, y] = [this.x(this.dots.x[image]), this.y(this.dots.y[image])];
    ring.setAttribute("cx", String(x));
    ring.setAttribute("cy", String(y));
    ring.setAttribute("r", String(this.plane.inside(x, y) ? RADII[this.dots.third[image]] + 4 || 7 : 0));
  }

  /** @param {number} score */
  x(score) {
    return this.plane.x(score);
  }

  /** @param {number} score */
  y(score) {
    return this.plane.y(score);
  }

  /** Draw again, once a frame, what is in view now. */
  follow() {
    this.canvas.classList.toggle("zoomed", this.plane.span < 1);
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.paint();
    });
  }

  /** Enlarge at a place, or in the middle. @param {number} factor @param {[number, number]} [at] */
  by(factor, at) {
    const half = this.plane.side / 2;
    this.plane.by(factor, ...(at ?? [ROOM.left + half, ROOM.top + half]));
    this.follow();
  }

  paint() {
    const { canvas, box, layer, dots } = this;
    if (!box.clientWidth) return; // the tab is not in view
    const side = Math.max(160, Math.min(box.clientWidth - ROOM.left - ROOM.right, 620));
    this.plane.side = side;
    const [width, height] = [side + ROOM.left + ROOM.right, side + ROOM.top + ROOM.bottom];
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    for (const part of [canvas, layer]) Object.assign(part.style, { width: `${width}px`, height: `${height}px` });
    const [a, b] = dots.labels;
    canvas.setAttribute("aria-label", `${b} against ${a}, one dot an image; the list below has the same images`);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(box);
    pen.font = `13px ${style.fontFamily}`;
    const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
    new Drawing(pen, this.plane, dots, this.kept, this.even, colour).draw();
    this.ring(this.now);
    this.frame(this.chosen);
  }

  /** Draw the box of a selection. @param {Box | null} box */
  frame(box) {
    const rect = this.layer.querySelector("rect");
    rect.toggleAttribute("hidden", !box);
    if (!box) return;
    const [left, right] = [this.x(box.left), this.x(box.right)];
    const [top, bottom] = [this.y(box.top), this.y(box.bottom)];
    const sides = { x: left, y: top, width: right - left, height: bottom - top };
    for (const [name, value] of Object.entries(sides)) rect.setAttribute(name, String(value));
  }

  /** The image whose dot is next to a place, -1 where none is near. @param {number} x @param {number} y */
  near(x, y) {
    let [best, least] = [-1, REACH ** 2];
    for (let i = 0; i < this.dots.x.length; i++) {
      const [u, v] = [this.x(this.dots.x[i]), this.y(this.dots.y[i])];
      const away = (u - x) ** 2 + (v - y) ** 2;
      if (away < least && this.plane.inside(u, v)) [best, least] = [i, away];
    }
    return best;
  }

  listen() {
    /** @type {[number, number] | null} */
    let from = null;
    /** @type {[number, number] | null} */
    let pan = null; // where the pointer was last, while it pans
    const at = (/** @type {MouseEvent} */ event) => {
      const { left, top } = this.canvas.getBoundingClientRect();
      return /** @type {[number, number]} */ ([event.clientX - left, event.clientY - top]);
    };
    const dragged = ([x, y]) => from && Math.hypot(x - from[0], y - from[1]) > MOVED;
    /** The scores between where the pointer went down and a place. @returns {Box} */
    const boxed = (/** @type {[number, number]} */ [x, y]) => {
      const [[a, b], [c, d]] = [this.plane.values(...from), this.plane.values(x, y)];
      return { left: Math.min(a, c), right: Math.max(a, c), top: Math.max(b, d), bottom: Math.min(b, d) };
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") return; // one finger scrolls the page; a tap clicks
      from = at(event);
      pan = event.shiftKey && this.plane.span < 1 ? from : null;
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      if (pan) {
        this.plane.pan(x - pan[0], y - pan[1]);
        this.follow();
        pan = [x, y];
        return;
      }
      if (!dragged([x, y])) {
        const image = from ? -1 : this.near(x, y);
        this.canvas.style.cursor = image >= 0 ? "pointer" : "crosshair";
        if (image >= 0) this.on.point(image);
        return;
      }
      this.frame(boxed([x, y]));
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const [x, y] = at(event);
      if (pan) from = pan = null;
      else if (dragged([x, y])) {
        this.chosen = boxed([x, y]);
        this.on.select(this.chosen);
        from = null;
      }
    });
    this.canvas.addEventListener(
      "wheel",
      (event) => {
        if (!(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        this.by(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), at(event));
      },
      { passive: false },
    );
    this.canvas.addEventListener("click", (event) => {
      if (from === null && event.pointerType !== "touch") return; // the end of a drag
      from = null;
      const image = this.near(...at(event));
      if (image >= 0) this.on.pick(image);
      else this.clear();
    });
    this.canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "0") this.by(0);
      if (event.key === "+" || event.key === "-") this.by(event.key === "+" ? 2 : 0.5);
    });
  }

  clear() {
    this.chosen = null;
    this.frame(null);
    this.on.select(null);
  }
}
