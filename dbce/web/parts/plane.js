// The part of a unit square that is in view: where its points lie on a sheet, and what stands at its axes.

const MOST = 20; // times that it can be enlarged
const STEPS = [0.25, 0.1, 0.05, 0.02, 0.01]; // between what is written at an axis

export class Plane {
  /** @param {{left: number, top: number}} room px beside the square */
  constructor({ left, top }) {
    this.corner = { left, top };
    this.side = 0; // px of the square
    this.left = this.bottom = 0; // the least values in view
    this.span = 1;
  }

  /** @param {number} value */
  x(value) {
    return this.corner.left + ((value - this.left) / this.span) * this.side;
  }

  /** @param {number} value */
  y(value) {
    return this.corner.top + (1 - (value - this.bottom) / this.span) * this.side;
  }

  /** The values at a place. @param {number} x @param {number} y @returns {[number, number]} */
  values(x, y) {
    const { left, top } = this.corner;
    const [right, up] = [(x - left) / this.side, 1 - (y - top) / this.side];
    return [this.left + right * this.span, this.bottom + up * this.span];
  }

  /** Whether a place lies in the square. @param {number} x @param {number} y */
  inside(x, y) {
    const { left, top } = this.corner;
    return x >= left && x <= left + this.side && y >= top && y <= top + this.side;
  }

  /** Show other values: never beyond 0 and 1. @param {number} left @param {number} bottom @param {number} span */
  look(left, bottom, span = this.span) {
    this.span = Math.max(1 / MOST, Math.min(1, span));
    const within = (/** @type {number} */ start) => Math.max(0, Math.min(1 - this.span, start));
    [this.left, this.bottom] = [within(left), within(bottom)];
  }

  /** Enlarge, and keep what lies at a place there. @param {number} factor @param {number} x @param {number} y */
  by(factor, x, y) {
    const span = Math.max(1 / MOST, Math.min(1, this.span / factor));
    const [a, b] = this.values(x, y);
    this.look(a - ((a - this.left) / this.span) * span, b - ((b - this.bottom) / this.span) * span, span);
  }

  /** Move what is in view. @param {number} dx px to the right @param {number} dy px down */
  pan(dx, dy) {
    const px = this.span / this.side;
    this.look(this.left - dx * px, this.bottom + dy * px);
  }
}

/**
 * Values to be written at an axis: at least three.
 * @param {number} low
 * @param {number} span
 */
export function ticks(low, span) {
  const step = STEPS.find((width) => span / width >= 3) ?? STEPS.at(-1);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor((low + span) / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, k) => (first + k) * step);
}

/**
 * How many of some values lie in each of the bins of those in view.
 * @param {Float64Array} values
 * @param {number[]} images
 * @param {number} bins
 * @param {number} low
 * @param {number} span
 */
export function binned(values, images, bins, low, span) {
  const counts = new Array(bins).fill(0);
  for (const i of images) {
    const at = (values[i] - low) / span;
    if (at >= 0 && at <= 1) counts[Math.min(bins - 1, Math.floor(at * bins))]++;
  }
  return counts;
}
