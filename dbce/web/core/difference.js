// What the predictions of two networks have in common, and how many networks disagree; no ground truth is needed.
import { IGNORE } from "./dilation.js";

/** In the map of `overlap`: found by neither network, by one of them alone, by both. */
export const NEITHER = 0;
export const FIRST = 1;
export const SECOND = 2;
export const BOTH = 3;

/**
 * Which of two networks found each pixel.
 * @param {Int16Array} first logits of the object, in steps
 * @param {Int16Array} second
 * @param {number} limit in steps, which a logit must exceed to be found
 * @param {Uint8Array} labels none where there are none
 * @param {Uint8Array} out to be filled, ignored pixels too
 * @returns {number[]} how many pixels that count are of each kind
 */
export function overlap(first, second, limit, labels, out) {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < out.length; i++) {
    const kind = (first[i] > limit ? FIRST : NEITHER) + (second[i] > limit ? SECOND : NEITHER);
    out[i] = kind;
    if (labels[i] !== IGNORE) counts[kind]++;
  }
  return counts;
}

/**
 * How many networks disagree with most of them, at every pixel; with as many for as against, half of them do.
 * @param {Int16Array[]} all logits of the object, in steps, by network
 * @param {number} limit in steps
 * @param {Uint8Array} labels none where there are none
 * @param {Uint8Array} out to be filled, ignored pixels too
 * @returns {number} pixels that count on which not all agree
 */
export function dissent(all, limit, labels, out) {
  out.fill(0);
  for (const logit of all) for (let i = 0; i < out.length; i++) if (logit[i] > limit) out[i]++;
  let apart = 0;
  for (let i = 0; i < out.length; i++) {
    if (2 * out[i] > all.length) out[i] = all.length - out[i];
    if (out[i] && labels[i] !== IGNORE) apart++;
  }
  return apart;
}
