// How far the two nearest objects of a label map are from every pixel. Twin of dbce/borders.py.
import { IGNORE, outline, squaredDistances } from "./dilation.js";

/** Borders further away than this, in pixels, count as infinitely far: no float32 weight would show them. */
export const REACH = 32;

/** @typedef {{first: Float64Array, second: Float64Array}} Borders distance to the nearest and second nearest border */
/** @typedef {{at: number[], box: [number, number, number, number]}} Outlined border pixels; left, top, right, bottom */

/** @type {WeakMap<Uint8Array, Borders>} by labels, which nobody changes in place */
const known = new WeakMap();

/**
 * Distance to the border of the nearest object and to that of the second nearest: exact up to `REACH`, infinite beyond
 * it and where there is no such object.
 * @param {Uint8Array} labels
 * @param {number} size
 * @returns {Borders}
 */
export function borderDistances(labels, size) {
  let borders = known.get(labels);
  if (!borders) known.set(labels, (borders = search(labels, size)));
  return borders;
}

/** @param {Uint8Array} labels @param {number} size */
function search(labels, size) {
  const first = new Float64Array(labels.length).fill(Infinity);
  const second = first.slice();
  for (const { at, box } of outlines(labels, size)) {
    const [left, top] = [Math.max(0, box[0] - REACH), Math.max(0, box[1] - REACH)];
    const [width, height] = [Math.min(size, box[2] + REACH + 1) - left, Math.min(size, box[3] + REACH + 1) - top];
    const part = new Uint8Array(width * height);
    for (const i of at) part[(Math.floor(i / size) - top) * width + (i % size) - left] = 1;
    const squared = squaredDistances(part, 1, width, height);
    for (let k = 0; k < part.length; k++) {
      if (squared[k] > REACH * REACH) continue;
      const i = (Math.floor(k / width) + top) * size + (k % width) + left;
      const distance = Math.sqrt(squared[k]);
      if (distance < first[i]) [first[i], second[i]] = [distance, first[i]];
      else if (distance < second[i]) second[i] = distance;
    }
  }
  return { first, second };
}

/**
 * The border of every object, an 8-connected component of one class; of one that fills the image there is none.
 * @param {Uint8Array} labels
 * @param {number} size
 * @returns {Outlined[]}
 */
function outlines(labels, size) {
  const object = new Int32Array(labels.length);
  /** @type {Outlined[]} */
  const found = [];
  for (let i = 0; i < labels.length; i++)
    if (labels[i] && labels[i] !== IGNORE && !object[i])
      found.push({ at: [], box: grow(labels, i, size, object, found.length + 1) });
  for (const cls of new Set(labels))
    if (cls && cls !== IGNORE) for (const i of outline((k) => labels[k] === cls, size)) found[object[i] - 1].at.push(i);
  return found.filter(({ at }) => at.length);
}

/**
 * Numbers an object.
 * @param {Uint8Array} labels
 * @param {number} from one of its pixels
 * @param {number} size
 * @param {Int32Array} object by pixel
 * @param {number} number
 * @returns {Outlined["box"]}
 */
function grow(labels, from, size, object, number) {
  /** @type {Outlined["box"]} */
  const box = [size, size, 0, 0];
  const front = [from];
  object[from] = number;
  while (front.length) {
    const i = /** @type {number} */ (front.pop());
    const [x, y] = [i % size, Math.floor(i / size)];
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
    for (let v = Math.max(0, y - 1); v <= Math.min(size - 1, y + 1); v++)
      for (let u = Math.max(0, x - 1); u <= Math.min(size - 1, x + 1); u++) {
        const k = v * size + u;
        if (object[k] || labels[k] !== labels[from]) continue;
        object[k] = number;
        front.push(k);
      }
  }
  return box;
}
