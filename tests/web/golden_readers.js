// The golden files of the readers, and the noise that Python drew for them.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { InputError } from "../../dbce/web/readers/refusal.js";

/** @param {string} name */
export const golden = (name) =>
  JSON.parse(readFileSync(new URL(`../golden_readers/${name}.json`, import.meta.url), "utf-8"));

/** @param {ArrayBufferView} array */
export const digest = ({ buffer, byteOffset, byteLength }) =>
  createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");

/**
 * What a reader answers, or the sentence in which it refuses.
 * @param {() => Promise<object>} work
 */
export async function told(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) return { error: error.message };
    throw error;
  }
}

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
