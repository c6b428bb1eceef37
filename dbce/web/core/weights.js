// The weightings, as data. Twin of dbce/weights.py: a new one is a function there and a function here.
import { IGNORE, within } from "./dilation.js";

/**
 * What a weighting knows of an image.
 * @typedef {object} Facts
 * @property {Uint8Array} labels
 * @property {number[]} classes 0, 1, ...
 * @property {number} valid pixels that count
 * @property {number} ignored pixels that do not
 * @property {Int32Array[]} areas areas[class][R]: pixels within R of the class
 * @property {Uint8Array[]} distance of every pixel to every class
 */
/**
 * A weight for each class, in float32, which it gives to the pixels within `reach` of it; a pixel takes the largest
 * that reaches it (Eq. 5). A class that does not occur has weight 0.
 * @typedef {{weights: number[], reach: number}} ClassWeights
 */
/** @typedef {(facts: Facts, radius: number) => ClassWeights} Weighting */

/**
 * @param {Facts} facts
 * @param {number} reach
 * @param {(area: number) => number} of area of a class within that reach -> its weight
 */
const byArea = ({ classes, areas }, reach, of) => ({
  weights: classes.map((cls) => (areas[cls][reach] ? Math.fround(of(areas[cls][reach])) : 0)),
  reach,
});

/** @type {Record<string, Weighting>} */
export const WEIGHTINGS = {
  none: ({ classes, valid }) => ({ weights: classes.map(() => Math.fround(1 / Math.max(valid, 1))), reach: 0 }),
  balanced: (facts) => byArea(facts, 0, (area) => 1 / area),
  dilated: (facts, radius) => byArea(facts, radius, (area) => 1 / (1 + area)), // Eq. 3 and 4
};

/**
 * Weight of pixel i, given those of the classes.
 * @param {Facts} facts
 * @param {number} i
 * @param {ClassWeights} given
 */
export function weightAt({ labels, classes, distance }, i, { weights, reach }) {
  if (labels[i] === IGNORE) return 0;
  let most = 0;
  for (const cls of classes) if (weights[cls] > most && within(distance[cls][i], reach)) most = weights[cls];
  return most;
}

/**
 * Weight of every pixel, or that of one class by itself (Eq. 4); 0 where ignored.
 * @param {Facts} facts
 * @param {ClassWeights} given
 * @param {Float32Array} out to be filled
 * @param {number | null} only
 */
export function weightMap({ labels, classes, distance, ignored }, { weights, reach }, out, only = null) {
  if (only === null && reach === 0) {
    const of = new Float64Array(IGNORE + 1); // by label: nothing reaches beyond its own pixels
    of.set(weights);
    for (let i = 0; i < out.length; i++) out[i] = of[labels[i]];
    return out;
  }
  out.fill(0);
  const rising = classes.filter((cls) => weights[cls] && (only === null || cls === only));
  rising.sort((a, b) => weights[a] - weights[b]); // the largest comes last
  for (const cls of rising) {
    const [field, weight] = [distance[cls], weights[cls]];
    for (let i = 0; i < out.length; i++) if (within(field[i], reach)) out[i] = weight;
  }
  if (ignored) for (let i = 0; i < out.length; i++) if (labels[i] === IGNORE) out[i] = 0;
  return out;
}
