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

const counts = [new Int32Array(1 << 16), new Int32Array(1 << 16)]; // of background and object, by logit

/**
 * Dice of a network of two classes for many limits at once; ignored pixels apart.
 * @param {Int16Array} logit in steps
 * @param {Uint8Array} labels
 * @param {number[]} limits in steps, which a logit must exceed to be found
 * @returns {number[]} one a limit
 */
export function diceAt(logit, labels, limits) {
  for (const count of counts) count.fill(0);
  for (let i = 0; i < labels.length; i++) if (labels[i] !== IGNORE) counts[labels[i]][logit[i] + 32768]++;
  const total = counts[1].reduce((sum, n) => sum + n, 0);
  const order = limits.map((_, k) => k).sort((a, b) => limits[b] - limits[a]);
  /** @type {number[]} */
  const dice = [];
  let [tp, fp, at] = [0, 0, 65535];
  for (const k of order) {
    for (; at >= 0 && at - 32768 > limits[k]; at--) {
      fp += counts[0][at];
      tp += counts[1][at];
    }
    dice[k] = scoresOf(tp, fp, total - tp).dice;
  }
  return dice;
}
