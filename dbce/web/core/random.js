// Random numbers that follow from a seed alone, in every browser alike.

/** @typedef {() => number} Random uniform in [0, 1), in steps of 2^-32 */

/**
 * Tommy Ettinger's mulberry32.
 * @param {number} seed a whole number
 * @returns {Random}
 */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
