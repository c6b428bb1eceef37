// Pixels of two classes by label and distance to the other class: all that a weight of a class depends on, so that a
// map for another radius is a look-up a pixel.
import { FAR, IGNORE, within } from "./dilation.js";

/** How many cells there are: a distance from 0 to FAR for each label, and one for what is ignored. */
export const CELLS = 2 * (FAR + 1) + 1;

/**
 * The cell of a class and a distance to the other one.
 * @param {number} own class, 0 or 1
 * @param {number} distance
 */
export const cellOf = (own, distance) => own * (FAR + 1) + distance;

/**
 * The cell of every pixel, the last one where ignored.
 * @param {Uint8Array} labels 0, 1 or IGNORE
 * @param {Uint8Array[]} distance of every pixel to both classes
 * @returns {Uint16Array}
 */
export const cellsOf = (labels, distance) =>
  Uint16Array.from(labels, (own, i) => (own === IGNORE ? CELLS - 1 : cellOf(own, distance[1 - own][i])));

/**
 * The weight of each cell.
 * @param {import("./weights.js").ClassWeights} given
 * @returns {Float32Array} of CELLS, 0 for the last
 */
export function weightsByCell({ weights, reach }) {
  const most = Math.max(...weights);
  const by = new Float32Array(CELLS);
  for (const own of [0, 1])
    // the other class reaches the pixels within
    for (let d = 0; d <= FAR; d++) by[cellOf(own, d)] = within(d, reach) ? most : weights[own];
  return by;
}

/**
 * The largest value in each cell, 0 where it holds no pixel.
 * @param {Uint16Array} cells
 * @param {ArrayLike<number>} values none below 0
 * @returns {Float32Array} of CELLS
 */
export function largestByCell(cells, values) {
  const top = new Float32Array(CELLS);
  for (let i = 0; i < cells.length; i++) if (values[i] > top[cells[i]]) top[cells[i]] = values[i];
  return top;
}
