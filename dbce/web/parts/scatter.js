// One dot an image: a score of one network against that of another, with the histogram of each beside its axis. Dots
// are drawn when the view of them changes; what the pointer moves lies on a layer above them. As in the panels, Ctrl
// and the wheel zoom at the pointer and 0 shows all again; a drag selects, with Shift it pans.
import { binned, Plane, ticks } from "./plane.js";

/** @typedef {{x: Float64Array, y: Float64Array, third: Int8Array, names: string[], labels: [string, string]}} Dots */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Box in scores */

const ROOM = { left: 52, right: 54, top: 50, bottom: 44 }; // px around the square: axes, and histograms
const RADII = [2.4, 3.4, 4.8]; // px of small, middle and large objects
const BINS = 25;
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
    this.pen = pen;
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    pen.font = `13px ${style.fontFamily}`;
    this.axes();
    this.histograms();
    pen.save();
    pen.beginPath();
    pen.rect(ROOM.left - 5, ROOM.top - 5, side + 10, side + 10); // dots of 0 and 1 are whole
    pen.clip();
    for (const third of [2, 1, 0, -1]) this.third(third);
    pen.restore();
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

  axes() {
    const { pen, dots, colour } = this;
    const { side, left, bottom, span } = this.plane;
    const band = (this.even * side) / span;
    pen.save();
    pen.beginPath();
    pen.rect(ROOM.left, ROOM.top, side, side);
    pen.clip();
    pen.strokeStyle = colour("soft");
    pen.lineWidth = Math.SQRT2 * band; // of either side, across the diagonal
    this.line(this.x(0), this.y(0), this.x(1), this.y(1));
    pen.restore();
    pen.lineWidth = 1;
    pen.fillStyle = colour("quiet");
    const [low, high] = [ROOM.top + side, ROOM.left + side];
    pen.strokeStyle = colour("line");
    for (const score of ticks(left, span)) {
      this.line(this.x(score), low, this.x(score), ROOM.top);
      pen.textAlign = "center";
      pen.fillText(written(score), this.x(score), low + 18);
    }
    for (const score of ticks(bottom, span)) {
      this.line(ROOM.left, this.y(score), high, this.y(score));
      pen.textAlign = "right";
      pen.fillText(written(score), ROOM.left - 8, this.y(score) + 4);
    }
    pen.save();
    pen.beginPath();
    pen.rect(ROOM.left, ROOM.top, side, side);
    pen.clip();
    pen.strokeStyle = colour("quiet");
    pen.setLineDash([2, 4]);
    this.line(this.x(0), this.y(0), this.x(1), this.y(1));
    pen.restore();
    pen.fillStyle = colour("ink");
    pen.textAlign = "center";
    pen.fillText(dots.labels[0], ROOM.left + side / 2, low + 38);
    pen.save();
    pen.translate(13, ROOM.top + side / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(dots.labels[1], 0, 0);
    pen.restore();
  }

  /** Above and to the right: all images in grey, those selected in the accent; the mean as a line. */
  histograms() {
    const { pen, dots, kept, colour } = this;
    const { side, left, bottom, span } = this.plane;
    const every = [...dots.x.keys()];
    const both = /** @type {[Float64Array, number, boolean][]} */ ([
      [dots.x, left, true],
      [dots.y, bottom, false],
    ]);
    const most = Math.max(1, ...both.flatMap(([values, low]) => binned(values, every, BINS, low, span)));
    const bar = side / BINS;
    for (const [values, low, above] of both) {
      for (const [images, name] of /** @type {[number[], string][]} */ ([
        [every, "far"],
        [kept ? [...kept] : [], "accent"],
      ])) {
        pen.fillStyle = colour(name);
        binned(values, images, BINS, low, span).forEach((count, k) => {
          const length = (38 * count) / most;
          if (above) pen.fillRect(ROOM.left + k * bar, ROOM.top - 4 - length, bar - 1, length);
          else pen.fillRect(ROOM.left + side + 4, ROOM.top + side - (k + 1) * bar, length, bar - 1);
        });
      }
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      if (mean < low || mean > low + span) continue;
      pen.strokeStyle = pen.fillStyle = colour("ink");
      pen.textAlign = "right";
      const text = (100 * mean).toFixed(1);
      if (above) {
        this.line(this.x(mean), ROOM.top - 46, this.x(mean), ROOM.top - 2);
        pen.fillText(`mean ${text}`, this.x(mean) - 6, ROOM.top - 34);
      } else {
        this.line(ROOM.left + side + 2, this.y(mean), ROOM.left + side + 46, this.y(mean));
        pen.fillText(text, ROOM.left + side + 48, this.y(mean) + 16);
      }
    }
  }

  /** The dots of one third: a picture of one, put where each lies. @param {number} third */
  third(third) {
    const { pen, dots, kept } = this;
    const ratio = window.devicePixelRatio || 1;
    const dot = this.picture(third, ratio);
    const half = dot.width / 2;
    pen.setTransform(1, 0, 0, 1, 0, 0); // whole pixels of the screen
    for (const dimmed of kept ? [true, false] : [false]) {
      pen.globalAlpha = dimmed ? 0.12 : 0.9;
      for (let i = 0; i < dots.third.length; i++) {
        if (dots.third[i] !== third || (kept && kept.has(i) === dimmed)) continue;
        const [x, y] = [this.x(dots.x[i]), this.y(dots.y[i])];
        if (this.plane.inside(x, y)) pen.drawImage(dot, Math.round(x * ratio - half), Math.round(y * ratio - half));
      }
    }
    pen.globalAlpha = 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** @param {number} third @param {number} ratio pixels of the screen by px */
  picture(third, ratio) {
    const radius = RADII[third] ?? RADII[0];
    const side = Math.ceil((2 * radius + 2) * ratio);
    const sheet = new OffscreenCanvas(side, side);
    const pen = sheet.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = this.colour(["small", "middle", "large"][third] ?? "quiet");
    pen.strokeStyle = this.colour(third === 2 ? "small" : "card");
    pen.lineWidth = third === 2 ? 1 : 0.5;
    pen.arc(side / ratio / 2, side / ratio / 2, radius, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
    return sheet;
  }

  /** @type {(x0: number, y0: number, x1: number, y1: number) => void} */
  line(x0, y0, x1, y1) {
    this.pen.beginPath();
    this.pen.moveTo(x0, y0);
    this.pen.lineTo(x1, y1);
    this.pen.stroke();
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

/** In percent. @param {number} score */
const written = (score) => String(Math.round(100 * score));
