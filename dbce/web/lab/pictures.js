// What a network's pictures hold: which pixels are right, and where the loss pushes.
import { distanceField, within } from "../core/dilation.js";
import { SIZE } from "./problem.js";

const COUNT = SIZE * SIZE;

/** What a pixel is, in the order in which they are counted. */
export const KINDS = /** @type {const} */ (["none", "found", "false", "missed"]);

const [NONE, FOUND, FALSE, MISSED] = [0, 1, 2, 3];

/**
 * An object taken for another is a false one.
 * @param {Uint8Array} found labels, as of `decide` in measure.js
 * @param {Uint8Array} labels
 * @returns {{kinds: Uint8Array, counts: number[]}} indices of KINDS, and how many pixels there are of each
 */
export function judged(found, labels) {
  const kinds = new Uint8Array(COUNT);
  const counts = KINDS.map(() => 0);
  for (let i = 0; i < COUNT; i++) {
    const kind = found[i] ? (found[i] === labels[i] ? FOUND : FALSE) : labels[i] ? MISSED : NONE;
    kinds[i] = kind;
    counts[kind]++;
  }
  return { kinds, counts };
}

/**
 * Slopes of the loss in the logits of the objects, added up: below 0 the loss pushes a pixel towards any object.
 * @param {Float32Array} push [object][pixel]
 */
export function pushed(push) {
  const sum = push.slice(0, COUNT);
  for (let at = COUNT; at < push.length; at++) sum[at % COUNT] += push[at];
  return sum;
}

/**
 * Where every pixel lies: 0 in an object, 1 in the rim, at most so many px from one, 2 far from all.
 * @param {Uint8Array} labels
 * @param {number} radius px
 */
export function places(labels, radius) {
  const any = Uint8Array.from(labels, (label) => Number(label > 0));
  const distance = distanceField(any, 1, SIZE);
  return any.map((object, i) => (object ? 0 : within(distance[i], radius) ? 1 : 2));
}

/**
 * How much of the push lies in each of the places, whichever way it goes.
 * @param {Float32Array} push of every pixel
 * @param {Uint8Array} where as of `places`
 * @returns {number[]} three shares, which add up to 1 unless there is no push
 */
export function shares(push, where) {
  const sums = [0, 0, 0];
  for (let i = 0; i < COUNT; i++) sums[where[i]] += Math.abs(push[i]);
  const all = sums[0] + sums[1] + sums[2];
  return sums.map((sum) => (all > 0 ? sum / all : 0));
}
