// What a network's pictures were at earlier steps, packed, and no more of them than there is room for.
import { pushed } from "./pictures.js";

/** @typedef {import("./trainer.js").Picture} Picture */
/** @typedef {{logits: Int16Array, push: Int16Array, scale: number}} Packed */

/** Steps of which a network keeps pictures; with more, every other one goes. */
export const MOST_KEPT = 48;

const OFTEN = 10; // steps between two of them at first, as between two scores
const STEP = 1024; // steps in a unit of a logit
const MOST = 32767;

/**
 * A logit keeps its sign and all but half a step; the slopes are added up over the objects.
 * @param {Picture} picture
 * @returns {Packed}
 */
export function packed({ logits, push }) {
  const sum = pushed(push);
  const scale = sum.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / MOST || 1;
  return {
    logits: Int16Array.from(logits, (z) => Math.max(-MOST - 1, Math.min(MOST, Math.ceil(z * STEP) - 1))),
    push: Int16Array.from(sum, (v) => Math.round(v / scale)),
    scale,
  };
}

/** @param {Packed} packed @returns {Picture} */
export const unpacked = ({ logits, push, scale }) => ({
  logits: Float32Array.from(logits, (z) => (z + 0.5) / STEP),
  push: Float32Array.from(push, (v) => v * scale),
});

export class Kept {
  every = OFTEN;

  /** @type {Map<number, {pictures: Packed[], shift: number[]}>} */
  all = new Map();

  clear() {
    this.every = OFTEN;
    this.all.clear();
  }

  /** @param {import("./trainer.js").Snapshot} seen */
  put({ step, pictures, shift }) {
    if (step % this.every) return;
    this.all.set(step, { pictures: pictures.map(packed), shift });
    if (this.all.size <= MOST_KEPT) return;
    this.every *= 2;
    for (const kept of this.all.keys()) if (kept % this.every) this.all.delete(kept);
  }

  /** @param {number} step */
  has(step) {
    return this.all.has(step);
  }

  /** @param {number} step */
  at(step) {
    const found = this.all.get(step);
    return found ? { step, pictures: found.pictures.map(unpacked), shift: found.shift } : null;
  }
}
