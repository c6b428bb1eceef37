// One dot an image: a score of one network against that of another, with the histogram of each beside its axis. Dots
// are drawn once; what the pointer moves lies on a layer above them.

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
    this.side = 0; // px of the square
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
    if (!this.dots || !this.side || image < 0) return;
    const ring = this.layer.querySelector("circle");
    ring.setAttribute("cx", String(this.x(this.dots.x[image])));
    ring.setAttribute("cy", String(this.y(this.dots.y[image])));
    ring.setAttribute("r", String(RADII[this.dots.third[image]] + 4 || 7));
  }

  /** @param {number} score */
  x(score) {
    return ROOM.left + score * this.side;
  }

  /** @param {number} score */
  y(score) {
    return ROOM.top + (1 - score) * this.side;
  }

  paint() {
    const { canvas, box, layer, dots } = this;
    if (!box.clientWidth) return; // the tab is not in view
    this.side = Math.max(160, Math.min(box.clientWidth - ROOM.left - ROOM.right, 620));
    const [width, height] = [this.side + ROOM.left + ROOM.right, this.side + ROOM.top + ROOM.bottom];
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
    for (const third of [2, 1, 0, -1]) this.third(third);
    this.ring(this.now);
  }

  axes() {
    const { pen, side, dots, colour } = this;
    const band = this.even * side;
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
    for (let k = 0; k <= 4; k++) {
      pen.strokeStyle = colour("line");
      this.line(this.x(k / 4), this.y(0), this.x(k / 4), this.y(1));
      this.line(this.x(0), this.y(k / 4), this.x(1), this.y(k / 4));
      pen.textAlign = "center";
      pen.fillText(String(25 * k), this.x(k / 4), this.y(0) + 18);
      pen.textAlign = "right";
      pen.fillText(String(25 * k), ROOM.left - 8, this.y(k / 4) + 4);
    }
    pen.strokeStyle = colour("quiet");
    pen.setLineDash([2, 4]);
    this.line(this.x(0), this.y(0), this.x(1), this.y(1));
    pen.setLineDash([]);
    pen.fillStyle = colour("ink");
    pen.textAlign = "center";
    pen.fillText(dots.labels[0], this.x(0.5), this.y(0) + 38);
    pen.save();
    pen.translate(13, this.y(0.5));
    pen.rotate(-Math.PI / 2);
    pen.fillText(dots.labels[1], 0, 0);
    pen.restore();
  }

  /** Above and to the right: all images in grey, those selected in the accent; the mean as a line. */
  histograms() {
    const { pen, side, dots, kept, colour } = this;
    const every = [...dots.x.keys()];
    const most = Math.max(...[dots.x, dots.y].flatMap((values) => binned(values, every)));
    const bar = side / BINS;
    for (const [values, above] of /** @type {[Float64Array, boolean][]} */ ([
      [dots.x, true],
      [dots.y, false],
    ])) {
      for (const [images, name] of /** @type {[number[], string][]} */ ([
        [every, "far"],
        [kept ? [...kept] : [], "accent"],
      ])) {
        pen.fillStyle = colour(name);
        binned(values, images).forEach((count, k) => {
          const length = (38 * count) / most;
          if (above) pen.fillRect(ROOM.left + k * bar, ROOM.top - 4 - length, bar - 1, length);
          else pen.fillRect(ROOM.left + side + 4, this.y((k + 1) / BINS), length, bar - 1);
        });
      }
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
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

  /** The dots of one third. @param {number} third */
  third(third) {
    const { pen, dots, kept, colour } = this;
    const radius = RADII[third] ?? RADII[0];
    pen.fillStyle = colour(["small", "middle", "large"][third] ?? "quiet");
    pen.strokeStyle = colour(third === 2 ? "small" : "card");
    pen.lineWidth = third === 2 ? 1 : 0.5;
    for (let i = 0; i < dots.third.length; i++) {
      if (dots.third[i] !== third) continue;
      pen.globalAlpha = kept && !kept.has(i) ? 0.12 : 0.9;
      pen.beginPath();
      pen.arc(this.x(dots.x[i]), this.y(dots.y[i]), radius, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    }
    pen.globalAlpha = 1;
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
      const away = (this.x(this.dots.x[i]) - x) ** 2 + (this.y(this.dots.y[i]) - y) ** 2;
      if (away < least) [best, least] = [i, away];
    }
    return best;
  }

  listen() {
    /** @type {[number, number] | null} */
    let from = null;
    const rect = /** @type {SVGRectElement} */ (this.layer.querySelector("rect"));
    const at = (/** @type {PointerEvent} */ event) => {
      const { left, top } = this.canvas.getBoundingClientRect();
      return /** @type {[number, number]} */ ([event.clientX - left, event.clientY - top]);
    };
    const dragged = ([x, y]) => from && Math.hypot(x - from[0], y - from[1]) > MOVED;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") return; // one finger scrolls the page; a tap clicks
      from = at(event);
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      if (!dragged([x, y])) {
        const image = from ? -1 : this.near(x, y);
        this.canvas.style.cursor = image >= 0 ? "pointer" : "crosshair";
        if (image >= 0) this.on.point(image);
        return;
      }
      rect.removeAttribute("hidden");
      const [left, top] = [Math.min(x, from[0]), Math.min(y, from[1])];
      const sides = { x: left, y: top, width: Math.abs(x - from[0]), height: Math.abs(y - from[1]) };
      for (const [name, value] of Object.entries(sides)) rect.setAttribute(name, String(value));
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const [x, y] = at(event);
      if (dragged([x, y])) {
        const score = (value, zero) => (value - zero) / this.side;
        const [xs, ys] = [[x, from[0]].sort((a, b) => a - b), [y, from[1]].sort((a, b) => a - b)];
        this.on.select({
          ...{ left: score(xs[0], ROOM.left), right: score(xs[1], ROOM.left) },
          ...{ top: 1 - score(ys[0], ROOM.top), bottom: 1 - score(ys[1], ROOM.top) },
        });
        from = null;
      }
    });
    this.canvas.addEventListener("click", (event) => {
      if (from === null && event.pointerType !== "touch") return; // the end of a drag
      from = null;
      const image = this.near(...at(event));
      if (image >= 0) this.on.pick(image);
      else this.clear();
    });
    this.canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
    });
  }

  clear() {
    this.layer.querySelector("rect").setAttribute("hidden", "");
    this.on.select(null);
  }
}

/** How many of some values lie in each bin from 0 to 1. @param {Float64Array} values @param {number[]} images */
function binned(values, images) {
  const counts = new Array(BINS).fill(0);
  for (const i of images) counts[Math.min(BINS - 1, Math.floor(values[i] * BINS))]++;
  return counts;
}
