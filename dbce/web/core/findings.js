// What a network of two classes finds at a threshold, counted and coloured: a threshold that moves looks only at the
// pixels whose logits it passes.

const LEAST = -32768; // of what a logit may be
const KINDS = 65536;

/** @typedef {{pixels: Uint32Array, below: Uint32Array}} Order pixels by logit; how many lie below the k-th logit */

/** @type {WeakMap<Int16Array, Order>} */
const orders = new WeakMap();

/**
 * Pixels in the order of their logits, sorted once.
 * @param {Int16Array} logit in steps
 * @returns {Order}
 */
function orderOf(logit) {
  const known = orders.get(logit);
  if (known) return known;
  const below = new Uint32Array(KINDS + 1);
  for (let i = 0; i < logit.length; i++) below[logit[i] - LEAST + 1]++;
  for (let k = 1; k <= KINDS; k++) below[k] += below[k - 1];
  const next = below.slice();
  const pixels = new Uint32Array(logit.length);
  for (let i = 0; i < logit.length; i++) pixels[next[logit[i] - LEAST]++] = i;
  const order = { pixels, below };
  orders.set(logit, order);
  return order;
}

/**
 * Pixels with low < logit <= high.
 * @param {Int16Array} logit in steps
 * @param {number} low whole
 * @param {number} high whole
 */
export function between(logit, low, high) {
  const { pixels, below } = orderOf(logit);
  /** @param {number} limit */
  const upTo = (limit) => below[Math.max(0, Math.min(KINDS, limit + 1 - LEAST))];
  return pixels.subarray(upTo(low), upTo(high));
}

/**
 * How many pixels of each region are not found, then how many are.
 * @param {Int16Array} logit in steps
 * @param {Uint8Array} regions 0 to 3 for every pixel
 * @param {number} limit whole, which a logit must exceed to be found
 */
export function countFound(logit, regions, limit) {
  const counts = new Int32Array(8);
  for (let i = 0; i < regions.length; i++) counts[regions[i] + (logit[i] > limit ? 4 : 0)]++;
  return counts;
}

/** The same for a threshold that moves, with a picture that follows it. */
export class Findings {
  /**
   * @param {Int16Array} logit in steps
   * @param {Uint8Array} regions 0 to 3 for every pixel
   * @param {Uint32Array} picture to be filled
   * @param {(at: number, i: number) => number} colour of pixel i, which is counted in entry `at` of `countFound`
   */
  constructor(logit, regions, picture, colour) {
    this.logit = logit;
    this.regions = regions;
    this.picture = picture;
    this.colour = colour;
    this.limit = NaN;
    this.counts = new Int32Array(0);
  }

  /**
   * @param {number} limit whole, which a logit must exceed to be found
   * @returns {Int32Array} as of `countFound`
   */
  moveTo(limit) {
    const { logit, regions, picture, colour } = this;
    if (Number.isNaN(this.limit)) {
      this.counts = countFound(logit, regions, limit);
      for (let i = 0; i < regions.length; i++) picture[i] = colour(regions[i] + (logit[i] > limit ? 4 : 0), i);
    } else {
      const [now, before] = limit < this.limit ? [4, 0] : [0, 4]; // what is passed is found, or is no longer
      const passed = now ? between(logit, limit, this.limit) : between(logit, this.limit, limit);
      for (let k = 0; k < passed.length; k++) {
        const i = passed[k];
        this.counts[regions[i] + before]--;
        this.counts[regions[i] + now]++;
        picture[i] = colour(regions[i] + now, i);
      }
    }
    this.limit = limit;
    return this.counts;
  }
}
