// Whether probabilities mean what they say. Twin of dbce/scores/calibration.py.
import { IGNORE } from "./dilation.js";
import { sigmoid } from "./losses.js";

/** What the key of a network ends in whose class weights are taken out, in calibration.json and findings.json. */
export const AFTER = "_corrected";

export const BINS = 10; // of equal width over [0, 1]
/** Probabilities between which a pixel is binned. */
export const UNSURE = /** @type {const} */ ([0.05, 0.95]);

/** @typedef {{bins: Float64Array, brier: number}} Sure of one network on one image: sums, see `calibrationOf` */

const HALF = 32768; // of the values of int16
/** @type {{step: number, p: Float32Array, bin: Int8Array} | null} */
let table = null;

/** Probability and bin, -1 for none, of every whole number of steps that int16 holds. @param {number} step */
function tableOf(step) {
  if (table?.step !== step) {
    const p = Float32Array.from({ length: 2 * HALF }, (_, k) => sigmoid((k - HALF) * step));
    const [low, high] = UNSURE.map(Math.fround);
    const bin = Int8Array.from(p, (value) => (value > low && value < high ? Math.min(BINS - 1, binOf(value)) : -1));
    table = { step, p, bin };
  }
  return table;
}

/** @param {number} p */
const binOf = (p) => Math.floor(p * BINS);

/**
 * Of a network of two classes.
 * @param {Int16Array} logit of the object, in steps
 * @param {Uint8Array} labels 0, 1 or IGNORE
 * @param {number} step
 * @returns {Sure} of every bin the count of unsure pixels, and the sums of their probability and truth, one bin after
 *   the other; the sum over all pixels of (p - y)^2
 */
export function calibrationOf(logit, labels, step) {
  const { p, bin } = tableOf(step);
  const bins = new Float64Array(3 * BINS);
  let brier = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === IGNORE) continue;
    const at = logit[i] + HALF;
    const y = labels[i] ? 1 : 0;
    brier += (p[at] - y) ** 2;
    const k = 3 * bin[at];
    if (k < 0) continue;
    bins[k]++;
    bins[k + 1] += p[at];
    bins[k + 2] += y;
  }
  return { bins, brier };
}

/**
 * Expected calibration error in [0, 1]; 0 where no pixel is unsure.
 * @param {ArrayLike<number>} bins as of `calibrationOf`, or sums of such
 */
export function calibrationGap(bins) {
  let [off, count] = [0, 0];
  for (let k = 0; k < 3 * BINS; k += 3) {
    off += Math.abs(bins[k + 1] - bins[k + 2]);
    count += bins[k];
  }
  return off / Math.max(count, Number.MIN_VALUE);
}
