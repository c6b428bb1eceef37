// Scores of predictions on held-out images: Dice, precision, recall, calibration.
import { confusion, scoresByClass } from "../core/metrics.js";
import { exp, log } from "./arithmetic.js";

/**
 * All are means over the images, and in each over the objects that it or its prediction holds; but for calibration.
 * @typedef {object} Measures
 * @property {number} dice
 * @property {number} precision
 * @property {number} recall
 * @property {number} calibration expected calibration error of the probability of any object, over all pixels in ten
 * bins of equal width (Naeini, Cooper and Hauskrecht 2015): 0 is calibrated
 */
/**
 * @typedef {object} Reading
 * @property {number} threshold of the probability, above 0, below 1; with several objects the likeliest class counts
 * @property {number[]} shift taken off the logit of each object first: prior correction, or zeros
 */

const BINS = 10;

/**
 * @param {Float32Array} logits [object][pixel]; the background's is 0
 * @param {Reading} reading
 * @returns {Uint8Array} the label of every pixel
 */
export function decide(logits, { threshold, shift }) {
  const count = logits.length / shift.length;
  const limit = shift.length === 1 ? log(threshold) - log(1 - threshold) : 0;
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    let most = limit;
    for (let k = 0; k < shift.length; k++) {
      const z = logits[k * count + i] - shift[k];
      if (z > most) {
        most = z;
        labels[i] = k + 1;
      }
    }
  }
  return labels;
}

/**
 * @param {Float32Array} logits [object][pixel]
 * @param {number[]} shift of each object
 * @returns {Float32Array} probabilities, [object][pixel]
 */
export function probabilities(logits, shift) {
  const count = logits.length / shift.length;
  const p = new Float32Array(logits.length);
  const each = new Float64Array(shift.length); // of one pixel
  for (let i = 0; i < count; i++) {
    let top = 0;
    for (let k = 0; k < shift.length; k++) top = Math.max(top, logits[k * count + i] - shift[k]);
    let sum = exp(-top);
    for (let k = 0; k < shift.length; k++) sum += each[k] = exp(logits[k * count + i] - shift[k] - top);
    for (let k = 0; k < shift.length; k++) p[k * count + i] = each[k] / sum;
  }
  return p;
}

/**
 * @param {Float32Array[]} logits of every image, [object][pixel]
 * @param {Uint8Array[]} labels of every image
 * @param {Reading} reading
 * @returns {Measures}
 */
export function measure(logits, labels, reading) {
  const classes = reading.shift.length + 1;
  const sums = { dice: 0, precision: 0, recall: 0 };
  const bins = Array.from({ length: BINS }, () => ({ expected: 0, real: 0 }));
  logits.forEach((z, image) => {
    const { scores } = scoresByClass(confusion(labels[image], decide(z, reading), classes), classes);
    const present = scores.slice(1).flatMap((s) => s ?? []);
    for (const name of /** @type {(keyof typeof sums)[]} */ (Object.keys(sums)))
      sums[name] += present.length ? present.reduce((sum, s) => sum + s[name], 0) / present.length : 1;
    const p = probabilities(z, reading.shift);
    const count = labels[image].length;
    for (let i = 0; i < count; i++) {
      let any = 0;
      for (let at = i; at < p.length; at += count) any += p[at];
      const bin = bins[Math.min(BINS - 1, Math.floor(any * BINS))];
      bin.expected += any;
      bin.real += Number(labels[image][i] > 0);
    }
  });
  const pixels = labels.reduce((sum, { length }) => sum + length, 0);
  const calibration = bins.reduce((sum, { expected, real }) => sum + Math.abs(expected - real), 0) / pixels;
  const n = logits.length;
  return { dice: sums.dice / n, precision: sums.precision / n, recall: sums.recall / n, calibration };
}
