// The weightings, as data. Twin of dbce/weightings.py: a new one is a function there and a function here.
import { borderDistances } from "./borders.js";
import { cellOf, weightsByCell } from "./cells.js";
import { IGNORE, within } from "./dilation.js";

/**
 * What a weighting knows of an image.
 * @typedef {object} Facts
 * @property {number} size pixels a side
 * @property {Uint8Array} labels
 * @property {number[]} classes 0, 1, ...
 * @property {number} valid pixels that count
 * @property {number} ignored pixels that do not
 * @property {Int32Array[]} areas areas[class][R]: pixels within R of the class
 * @property {Uint8Array[]} distance of every pixel to every class
 * @property {number[] | null} [frequencies] of the classes in the data set that the networks learnt from, if known
 */
/**
 * A weight for each class, in float32, which it gives to the pixels within `reach` of it; a pixel takes the largest
 * that reaches it (Eq. 5). A class that does not occur has weight 0.
 * @typedef {{weights: number[], reach: number}} ClassWeights
 */
/** @typedef {ClassWeights | Float32Array} Given by a weighting: weights of the classes, or one a pixel */

/**
 * @param {Facts} facts
 * @param {number} reach
 * @param {(area: number) => number} of area of a class within that reach -> its weight
 */
const byArea = ({ classes, areas }, reach, of) => ({
  weights: classes.map((cls) => (areas[cls][reach] ? Math.fround(of(areas[cls][reach])) : 0)),
  reach,
});

/** Balanced with the frequencies of a data set: 1/(N f). @param {Facts} facts @returns {ClassWeights} */
const byFrequency = ({ classes, valid, frequencies }) => {
  const of = (/** @type {number} */ cls) => Math.max(valid, 1) * (frequencies?.[cls] ?? 0);
  return { weights: classes.map((cls) => (of(cls) > 0 ? Math.fround(1 / of(cls)) : 0)), reach: 0 };
};

const [BORDER_WEIGHT, BORDER_WIDTH] = [10, 5]; // w0, and sigma in px

/** @type {WeakMap<Uint8Array, Float32Array>} U-Net's map by labels, which nobody changes in place */
const unetMaps = new WeakMap();

/** U-Net's weight map over N (Ronneberger et al. 2015, Eq. 2). @param {Facts} facts */
function byBorders({ labels, size, areas, valid }) {
  const kept = unetMaps.get(labels);
  if (kept) return kept;
  const { first, second } = borderDistances(labels, size);
  const map = new Float32Array(labels.length);
  for (let i = 0; i < map.length; i++) {
    if (labels[i] === IGNORE) continue;
    const apart = first[i] + second[i];
    const border = apart < Infinity ? BORDER_WEIGHT * Math.exp(-(apart * apart) / (2 * BORDER_WIDTH ** 2)) : 0;
    map[i] = 1 / areas[labels[i]][0] + border / Math.max(valid, 1);
  }
  unetMaps.set(labels, map);
  return map;
}

export const WEIGHTINGS = {
  /** @param {Facts} facts @returns {ClassWeights} */
  none: ({ classes, valid }) => ({ weights: classes.map(() => Math.fround(1 / Math.max(valid, 1))), reach: 0 }),
  /** @param {Facts} facts */
  balanced: (facts) => byArea(facts, 0, (area) => 1 / area),
  balanced_set: byFrequency,
  unet: byBorders,
  /** @param {Facts} facts @param {number} radius */
  dilated: (facts, radius) => byArea(facts, radius, (area) => 1 / (1 + area)), // Eq. 3 and 4
};

/** @typedef {keyof typeof WEIGHTINGS} Key */

/**
 * The weightings that there are with these frequencies of the classes, or without any.
 * @param {number[] | null} frequencies
 */
export const offeredWeightings = (frequencies) =>
  /** @type {Key[]} */ (Object.keys(WEIGHTINGS)).filter((key) => frequencies || key !== "balanced_set");

/**
 * Weight of pixel i.
 * @param {Facts} facts
 * @param {number} i
 * @param {Given} given
 */
export function weightAt({ labels, classes, distance }, i, given) {
  if (given instanceof Float32Array) return given[i];
  if (labels[i] === IGNORE) return 0;
  const { weights, reach } = given;
  let most = 0;
  for (const cls of classes) if (weights[cls] > most && within(distance[cls][i], reach)) most = weights[cls];
  return most;
}

/**
 * Weight of every pixel, or that of one class by itself (Eq. 4; of weights by pixel, on its own pixels); 0 where
 * ignored.
 * @param {Facts} facts
 * @param {Given} given
 * @param {Float32Array} out to be filled
 * @param {number | null} only
 */
export function weightMap({ labels, classes, distance, ignored }, given, out, only = null) {
  if (given instanceof Float32Array) {
    out.set(given);
    if (only !== null) for (let i = 0; i < out.length; i++) if (labels[i] !== only) out[i] = 0;
    return out;
  }
  const { weights, reach } = given;
  if (only === null && reach === 0) {
    const of = new Float64Array(IGNORE + 1); // by label: nothing reaches beyond its own pixels
    of.set(weights);
    for (let i = 0; i < out.length; i++) out[i] = of[labels[i]];
    return out;
  }
  if (only === null && classes.length === 2) {
    const by = weightsByCell(given);
    for (let i = 0; i < out.length; i++) {
      const own = labels[i];
      out[i] = own === IGNORE ? 0 : by[cellOf(own, distance[1 - own][i])];
    }
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
