// The slope of a loss in the logits of one image, without the kernels: twin of objective.c, for pictures that were
// recorded.
import { lossWeights } from "./losses.js";
import { probabilities } from "./measure.js";

/**
 * @param {string} loss "ce", "bce", "dice_ce" or "dbce"
 * @param {Float32Array} logits [object][pixel]
 * @param {Uint8Array} labels
 * @param {number[]} frequencies of every class, the background first
 * @param {number} radius whole pixels
 * @returns {Float32Array} [object][pixel]
 */
export function pushOf(loss, logits, labels, frequencies, radius) {
  const count = labels.length;
  const objects = frequencies.length - 1;
  const p = probabilities(logits, Array(objects).fill(0));
  const weight = lossWeights(loss, labels, frequencies, radius, new Float32Array(count));
  const push = p.map((q, at) => weight[at % count] * (q - Number(labels[at % count] === 1 + Math.floor(at / count))));
  if (loss === "dice_ce") addDice(p, labels, objects, push);
  return push;
}

/** The gradient of 1 - soft Dice, the mean over the objects that occur. */
function addDice(/** @type {Float32Array} */ p, /** @type {Uint8Array} */ labels, objects = 1, push = p) {
  const count = labels.length;
  const [mass, area, overlap] = [0, 0, 0].map(() => new Float64Array(objects));
  for (let k = 0; k < objects; k++)
    for (let i = 0; i < count; i++) {
      const own = labels[i] === k + 1;
      mass[k] += p[k * count + i];
      if (!own) continue;
      area[k]++;
      overlap[k] += p[k * count + i];
    }
  const present = area.filter((a) => a > 0).length;
  const slope = new Float64Array(objects);
  for (let i = 0; i < count; i++) {
    let mean = 0;
    for (let k = 0; k < objects; k++) {
      const both = mass[k] + area[k];
      slope[k] = area[k] ? ((2 * overlap[k]) / both - 2 * Number(labels[i] === k + 1)) / both / present : 0;
      mean += p[k * count + i] * slope[k];
    }
    for (let k = 0; k < objects; k++) push[k * count + i] += p[k * count + i] * (slope[k] - mean);
  }
}
