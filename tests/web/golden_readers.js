// The golden files of the readers, and the noise that Python drew for them.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** @param {string} name */
export const golden = (name) =>
  JSON.parse(readFileSync(new URL(`../golden_readers/${name}.json`, import.meta.url), "utf-8"));

/** @param {ArrayBufferView} array */
export const digest = ({ buffer, byteOffset, byteLength }) =>
  createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");

/**
 * Twin of tests.write_golden_readers.noise.
 * @param {number} count
 * @param {number} seed
 */
export function noise(count, seed) {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const x = Math.imul(i + seed, 2654435761);
    out[i] = Math.imul(x ^ (x >>> 15), 2246822519) >>> 24;
  }
  return out;
}
