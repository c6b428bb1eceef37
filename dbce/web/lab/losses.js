// The weight that each loss gives to the pixels of an image, from web/core.
import { areaCurve, distanceField } from "../core/dilation.js";
import { weightMap, WEIGHTINGS } from "../core/weights.js";
import { log } from "./arithmetic.js";
import { SIZE } from "./problem.js";

/** The losses of the paper, and "own": a formula of the visitor's. */
export const LOSSES = ["ce", "bce", "dice_ce", "dbce", "own"];

/** Radius of the dilation: the diagonal of an image is less than the last. */
export const RADII = { least: 0, most: 96 };

/**
 * @param {Uint8Array} labels SIZE * SIZE
 * @param {number} count of classes, with the background
 * @param {boolean} measured whether distances and areas are needed
 */
const factsOf = (labels, count, measured) => {
  const classes = [...Array(count).keys()];
  const distance = measured ? classes.map((cls) => distanceField(labels, cls, SIZE)) : [];
  const areas = distance.map((field) => areaCurve(field, labels));
  return { size: SIZE, labels, classes, valid: labels.length, ignored: 0, distance, areas };
};

/**
 * Weight of every pixel in the sum over an image: 1 / pixels; that over the frequency of the class in the training
 * set (Eq. 1); or dilated balancing weights (Eq. 5).
 * @param {string} loss one of LOSSES; for "own", what its formula calls w, which is that of "dbce"
 * @param {Uint8Array} labels SIZE * SIZE
 * @param {number[]} frequencies of every class, the background first
 * @param {number} radius whole pixels
 * @param {Float32Array} out to be filled
 */
export function lossWeights(loss, labels, frequencies, radius, out) {
  const dilated = loss === "dbce" || loss === "own";
  const facts = factsOf(labels, frequencies.length, dilated);
  if (loss === "bce") {
    const weights = frequencies.map((f) => (f > 0 ? Math.fround(1 / (f * labels.length)) : 0));
    return weightMap(facts, { weights, reach: 0 }, out);
  }
  return weightMap(facts, WEIGHTINGS[dilated ? "dilated" : "none"](facts, radius), out);
}

/**
 * What balanced training added to the logit of every object over that of the background: ln of the inverse ratio of
 * their frequencies. Taking it off again is prior correction.
 * @param {number[]} frequencies
 */
export const priorShift = (frequencies) => frequencies.slice(1).map((f) => log(frequencies[0]) - log(f));
