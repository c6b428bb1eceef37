// Random numbers that follow from a seed alone, in every browser alike.

/** @typedef {import("../core/random.js").Random} Random */

export { random } from "../core/random.js";

/**
 * One seed from several numbers.
 * @param {...number} numbers whole
 */
export function mixed(...numbers) {
  let hash = 0x811c9dc5;
  for (const n of numbers) {
    hash = Math.imul(hash ^ n, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash >>> 0;
}

/**
 * Nearly normal, of mean 0 and variance 1: the sum of twelve uniform numbers, less six. It needs no logarithm.
 * @param {Random} u
 */
export function normal(u) {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += u();
  return sum;
}

/**
 * FNV-1a of bytes, as eight hexadecimal digits: equal where all bits are.
 * @param {Uint8Array} data
 */
export function fingerprint(data) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i++) hash = Math.imul(hash ^ data[i], 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
