// What a backend answers: one scene an image. Twin of dbce/page/scene.py.

/**
 * @typedef {object} Scene
 * @property {number} size pixels a side
 * @property {number} classes
 * @property {string} title
 * @property {string} note
 * @property {string[]} losses
 * @property {string[]} [pending] networks that have not answered yet
 * @property {number} logit_step
 * @property {string} image a PNG as a data URL
 * @property {[number, number] | null} place number of the slice, and of all slices
 * @property {string | null} numbering of labels that could be in the other one as well
 * @property {[number, number]} shape height and width of what was opened
 * @property {Record<string, {type: string, offset: number, length: number}>} arrays
 * @property {string} data
 */
/** @typedef {Record<string, Uint8Array | Int16Array>} Arrays */
/** @typedef {{pixels: Uint8Array, unpacked: Arrays}} Unpacked size * size * 3, RGB; what `unpackArrays` gives */
/** @typedef {Omit<Scene, "image" | "arrays" | "data"> & Unpacked} Composed a scene that was made in this browser */

/** @param {string} text base64 */
export function bytes(text) {
  const letters = atob(text);
  const out = new Uint8Array(letters.length);
  for (let i = 0; i < out.length; i++) out[i] = letters.charCodeAt(i);
  return out;
}

/** @param {Uint8Array} data @returns {string} */
export function base64(data) {
  let text = "";
  for (let i = 0; i < data.length; i += 32768) text += String.fromCharCode(...data.subarray(i, i + 32768));
  return btoa(text);
}

/**
 * @param {Uint8Array} data
 * @param {CompressionStream | DecompressionStream} stream
 */
async function through(data, stream) {
  const whole = new Blob([/** @type {BlobPart} */ (data)]);
  return new Uint8Array(await new Response(whole.stream().pipeThrough(stream)).arrayBuffer());
}

/** @param {string} text deflated, in base64 */
export const inflate = (text) => through(bytes(text), new DecompressionStream("deflate"));

/** @param {Uint8Array} data @returns {Promise<string>} */
export const deflate = async (data) => base64(await through(data, new CompressionStream("deflate")));

/**
 * The arrays of a scene: one deflated block, cut by name.
 * @param {Scene} scene
 * @returns {Promise<Arrays>}
 */
export async function unpackArrays(scene) {
  const { buffer } = await inflate(scene.data);
  /** @type {Arrays} */
  const arrays = {};
  for (const [name, { type, offset, length }] of Object.entries(scene.arrays))
    arrays[name] =
      type === "uint8"
        ? new Uint8Array(buffer, offset, length)
        : sums(new Uint8Array(buffer, offset, 2 * length), scene.size);
  return arrays;
}

/**
 * What dbce.page.scene.delta_code took apart: low bytes, high bytes -> int16, each the sum of all to its left and
 * above.
 * @param {Uint8Array} parts
 * @param {number} size
 */
export function sums(parts, size) {
  const count = parts.length / 2;
  const out = new Int16Array(count);
  for (let i = 0; i < count; i++) out[i] = (parts[i] | (parts[count + i] << 8)) + (i % size ? out[i - 1] : 0);
  for (let i = size; i < count; i++) out[i] += out[i - size];
  return out;
}

/**
 * Where the labels are this one, as bits, row by row, the highest first, in base64.
 * @param {Uint8Array} labels
 * @param {number} label
 */
export function packLabels(labels, label) {
  const packed = new Uint8Array(Math.ceil(labels.length / 8));
  for (let i = 0; i < labels.length; i++) if (labels[i] === label) packed[i >> 3] |= 128 >> (i & 7);
  return base64(packed);
}
