// What a backend answers: one scene an image. Twin of dbce/page/scene.py.
import { enlarge } from "./logits.js";

/**
 * @typedef {object} Scene
 * @property {number} size pixels a side
 * @property {number} classes
 * @property {string} title
 * @property {string} note
 * @property {string[]} losses
 * @property {string[]} [pending] networks that have not answered yet
 * @property {number} logit_step
 * @property {string} image a PNG, or a WebP without loss, as a data URL
 * @property {[number, number] | null} place number of the slice, and of all slices
 * @property {string | null} numbering of labels that could be in the other one as well
 * @property {[number, number]} shape height and width of what was opened
 * @property {Record<string, {type: string, offset: number, length: number, side?: number}>} arrays
 * @property {string} data
 * @property {Record<string, Record<string, any>>} [own] by loss of somebody's own and network: its value and steps, or
 *   the sentence why there is nothing
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
  const whole = new ReadableStream({
    start(controller) {
      controller.enqueue(data); // a Blob would go by way of another process
      controller.close();
    },
  });
  return new Uint8Array(await new Response(whole.pipeThrough(stream)).arrayBuffer());
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
  for (const [name, { type, offset, length, side }] of Object.entries(scene.arrays))
    arrays[name] =
      type === "uint8"
        ? new Uint8Array(buffer, offset, length)
        : type === "coarse"
          ? enlarged(buffer, offset, Number(side), scene.size)
          : sums(new Uint8Array(buffer, offset, 2 * length), scene.size);
  if (arrays.labels) arrays.labels = arrays.labels.slice(); // they outlive the scene, and would hold all of the block
  return arrays;
}

const FRACTION = 16; // parts of a step in which coarse numbers are sent
const ROUNDS = 1.5 * 2 ** 52; // added, it leaves no room for parts of one: to the nearest, halves to the even one

/**
 * What dbce.page.coarse.coarse_code took apart: the numbers that a network gave, which are enlarged as in
 * `foregroundLogits`, and a rest for each pixel.
 * @param {ArrayBufferLike} buffer
 * @param {number} offset
 * @param {number} side of what the network saw, px
 * @param {number} size px a side of the page
 * @returns {Int16Array}
 */
function enlarged(buffer, offset, side, size) {
  const quarter = side / 4;
  const count = quarter * quarter;
  const parts = new Uint8Array(buffer, offset, 4 * count);
  const grid = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const rest = parts[i] | (parts[count + i] << 8) | (parts[2 * count + i] << 16) | (parts[3 * count + i] << 24);
    grid[i] = rest + (i % quarter ? grid[i - 1] : 0);
  }
  for (let i = quarter; i < count; i++) grid[i] += grid[i - quarter];
  const maps = new Float32Array(count);
  for (let i = 0; i < count; i++) maps[i] = grid[i] / FRACTION;
  const steps = enlarge(enlarge(maps, quarter, side), side, size);
  const rest = new Int8Array(buffer, offset + 4 * count, size * size);
  const out = new Int16Array(steps.length); // in loops, and rounded by a sum: `from` and `rint` take five times as long
  for (let i = 0; i < out.length; i++) out[i] = steps[i] + ROUNDS - ROUNDS + rest[i];
  return out;
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
 * The other way: each value less its left and upper neighbours, low bytes, then high bytes. Twin of
 * dbce.page.scene.delta_code.
 * @param {Int16Array} values
 * @param {number} size
 */
export function differences(values, size) {
  const count = values.length;
  const out = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) {
    const left = i % size;
    const [above, corner] = i < size ? [0, 0] : [values[i - size], left ? values[i - size - 1] : 0];
    const rest = values[i] - (left ? values[i - 1] : 0) - above + corner;
    out[i] = rest & 255;
    out[count + i] = (rest >> 8) & 255;
  }
  return out;
}

/**
 * Arrays as they stand in a scene: where each lies in one block, and the block, deflated, in base64.
 * @param {Arrays} arrays
 * @param {number} size pixels a side
 * @param {Pick<Scene, "arrays" | "data"> | null} before what the block holds already
 */
export async function packArrays(arrays, size, before = null) {
  /** @type {Scene["arrays"]} */
  const index = { ...before?.arrays };
  /** @type {Uint8Array[]} */
  const blocks = before ? [await inflate(before.data)] : [];
  let offset = before ? blocks[0].length : 0;
  for (const [name, array] of Object.entries(arrays)) {
    const type = array instanceof Int16Array ? "int16" : "uint8";
    index[name] = { type, offset, length: array.length };
    blocks.push(array instanceof Int16Array ? differences(array, size) : array);
    offset += array.byteLength;
  }
  const whole = new Uint8Array(await new Blob(/** @type {any[]} */ (blocks)).arrayBuffer());
  return { arrays: index, data: await deflate(whole) };
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
