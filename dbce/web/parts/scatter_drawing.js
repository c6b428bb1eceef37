// What a scatter shows on its canvas: axes, a histogram beside each, the band of what is even, and the dots.
import { binned, ticks } from "./plane.js";

export const ROOM = { left: 52, right: 54, top: 50, bottom: 44 }; // px around the square: axes, and histograms
export const RADII = [2.4, 3.4, 4.8]; // px of small, middle and large objects
const BINS = 25;

export class Drawing {
  /**
   * @param {CanvasRenderingContext2D} pen in px, with its font
   * @param {import("./plane.js").Plane} plane what is in view
   * @param {import("./scatter.js").Dots} dots
   * @param {Set<number> | null} kept the images that are not dimmed; all if null
   * @param {number} even half the width of the band in which scores count as even
   * @param {(name: string) => string} colour of the page's style
   */
  constructor(pen, plane, dots, kept, even, colour) {
    this.pen = pen;
    this.plane = plane;
    this.dots = dots;
    this.kept = kept;
    this.even = even;
    this.colour = colour;
  }

  draw() {
    const { pen } = this;
    const { side } = this.plane;
    this.axes();
    this.histograms();
    pen.save();
    pen.beginPath();
    pen.rect(ROOM.left - 5, ROOM.top - 5, side + 10, side + 10); // dots of 0 and 1 are whole
    pen.clip();
    for (const third of [2, 1, 0, -1]) this.third(third);
    pen.restore();
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
    this.line(this.plane.x(0), this.plane.y(0), this.plane.x(1), this.plane.y(1));
    pen.restore();
    pen.lineWidth = 1;
    pen.fillStyle = colour("quiet");
    const [low, high] = [ROOM.top + side, ROOM.left + side];
    pen.strokeStyle = colour("line");
    for (const score of ticks(left, span)) {
      this.line(this.plane.x(score), low, this.plane.x(score), ROOM.top);
      pen.textAlign = "center";
      pen.fillText(written(score), this.plane.x(score), low + 18);
    }
    for (const score of ticks(bottom, span)) {
      this.line(ROOM.left, this.plane.y(score), high, this.plane.y(score));
      pen.textAlign = "right";
      pen.fillText(written(score), ROOM.left - 8, this.plane.y(score) + 4);
    }
    pen.save();
    pen.beginPath();
    pen.rect(ROOM.left, ROOM.top, side, side);
    pen.clip();
    pen.strokeStyle = colour("quiet");
    pen.setLineDash([2, 4]);
    this.line(this.plane.x(0), this.plane.y(0), this.plane.x(1), this.plane.y(1));
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
    ]).map(([values, low, above]) => ({ values, low, above, all: binned(values, every, BINS, low, span) }));
    const most = Math.max(1, ...both.flatMap(({ all }) => all));
    const bar = side / BINS;
    for (const { values, low, above, all } of both) {
      for (const [counts, name] of /** @type {[number[], string][]} */ ([
        [all, "far"],
        [binned(values, kept ? [...kept] : [], BINS, low, span), "accent"],
      ])) {
        pen.fillStyle = colour(name);
        counts.forEach((count, k) => {
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
        this.line(this.plane.x(mean), ROOM.top - 46, this.plane.x(mean), ROOM.top - 2);
        pen.fillText(`mean ${text}`, this.plane.x(mean) - 6, ROOM.top - 34);
      } else {
        this.line(ROOM.left + side + 2, this.plane.y(mean), ROOM.left + side + 46, this.plane.y(mean));
        pen.fillText(text, ROOM.left + side + 48, this.plane.y(mean) + 16);
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
        const [x, y] = [this.plane.x(dots.x[i]), this.plane.y(dots.y[i])];
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
}

/** In percent. @param {number} score */
const written = (score) => String(Math.round(100 * score));
