// Scores from counts. Twin of dbce/metrics.py.
import { IGNORE } from "./dilation.js";

/** @typedef {{dice: number, iou: number, precision: number, recall: number}} Scores */

/**
 * Four scores from counts; all are 1 where there is nothing to find and nothing was found.
 * @param {number} tp true positives
 * @param {number} fp false positives
 * @param {number} fn false negatives
 * @returns {Scores}
 */
export function scoresOf(tp, fp, fn) {
  /** @param {number} top @param {number} bottom */
  const ratio = (top, bottom) => (tp + fp + fn === 0 ? 1 : top / Math.max(bottom, 1));
  return {
    dice: ratio(2 * tp, 2 * tp + fp + fn),
    iou: ratio(tp, tp + fp + fn),
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
  };
}

/**
 * How often each class was taken for each: entry [real * classes + found], ignored pixels apart.
 * @param {Uint8Array} real labels
 * @param {Uint8Array} found labels
 * @param {number} classes
 */
export function confusion(real, found, classes) {
  const cells = new Int32Array(classes * classes);
  for (let i = 0; i < real.length; i++) if (real[i] !== IGNORE) cells[real[i] * classes + found[i]]++;
  return cells;
}

/**
 * Scores of every class, null where neither label map holds it, and the mean Dice of the objects that one of them does.
 * @param {Int32Array} cells of `confusion`
 * @param {number} classes
 * @returns {{scores: (Scores | null)[], mean: number}}
 */
export function scoresByClass(cells, classes) {
  const every = [...Array(classes).keys()];
  const scores = every.map((cls) => {
    const tp = cells[cls * classes + cls];
    const fn = every.reduce((total, k) => total + cells[cls * classes + k], -tp);
    const fp = every.reduce((total, k) => total + cells[k * classes + cls], -tp);
    return tp + fp + fn ? scoresOf(tp, fp, fn) : null;
  });
  const present = scores.slice(1).flatMap((s) => s ?? []);
  const mean = present.length ? present.reduce((total, s) => total + s.dice, 0) / present.length : 1;
  return { scores, mean };
}
