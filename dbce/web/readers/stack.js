// What every format of scans comes to: planes of numbers, read one at a time, within bounds that hold beforehand. Twin
// of dbce/data/stack.py.
import { refusal } from "./refusal.js";

/** @typedef {[number, number, number]} Shape */
/** @typedef {number[][]} Affine 4 x 4 */
/** @typedef {{number: number, values: Float64Array | Float32Array | any, real: boolean}} Plane */
/**
 * A scan or its labels as the file holds them.
 * @typedef {object} Stack
 * @property {string} name of the file
 * @property {Shape} shape slices from the head down, front on top, the patient's right on the left
 * @property {() => AsyncGenerator<Plane>} planes opens the file again; planes of height * width, in the file's order
 * @property {Affine | null} affine from (slice, row, column, 1) to millimetres in the world of NIfTI
 * @property {boolean} lost the format has an affine, but that of this file is missing or broken
 * @property {string[]} notes
 */

export const MAX_VOXELS = 80_000_000;
const MAX_SIDE = 4096;
const MAX_SLICES = 400;

/**
 * The shape of one slice or of a volume as depth, height, width.
 * @param {number[]} shape
 * @param {string} name
 * @returns {Shape}
 */
export function checkShape(shape, name) {
  if (![2, 3].includes(shape.length) || Math.min(...shape) < 1)
    throw refusal("array_shape", { name, words: shape.join(" x ") });
  const [depth, height, width] = shape.length === 2 ? [1, ...shape] : shape;
  const count = depth * height * width;
  if (count > MAX_VOXELS)
    throw refusal("many_voxels", { name, count: Math.round(count / 1e6), most: MAX_VOXELS / 1e6 });
  if (depth > MAX_SLICES) throw refusal("many_slices", { name, depth, most: MAX_SLICES });
  if (Math.max(height, width) > MAX_SIDE) throw refusal("wide_slices", { name, width, height, most: MAX_SIDE });
  return [depth, height, width];
}

/** @typedef {"i1" | "u1" | "i2" | "u2" | "i4" | "u4" | "i8" | "u8" | "f2" | "f4" | "f8" | "b1"} NumberType */

/** @param {NumberType} type bytes of a number */
export const bytesOf = (type) => +type[1];

/**
 * Numbers of a file.
 * @param {Uint8Array} data
 * @param {NumberType} type
 * @param {boolean} little low bytes first
 * @param {number} count
 */
export function numbersOf(data, type, little, count) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  /** @type {Record<string, [any, (at: number) => number]>} */
  const readers = {
    b1: [Uint8Array, (at) => +(view.getUint8(at) !== 0)],
    u1: [Uint8Array, (at) => view.getUint8(at)],
    i1: [Int8Array, (at) => view.getInt8(at)],
    u2: [Uint16Array, (at) => view.getUint16(at, little)],
    i2: [Int16Array, (at) => view.getInt16(at, little)],
    u4: [Uint32Array, (at) => view.getUint32(at, little)],
    i4: [Int32Array, (at) => view.getInt32(at, little)],
    u8: [Float64Array, (at) => Number(view.getBigUint64(at, little))],
    i8: [Float64Array, (at) => Number(view.getBigInt64(at, little))],
    f2: [Float32Array, (at) => half(view.getUint16(at, little))],
    f4: [Float32Array, (at) => view.getFloat32(at, little)],
    f8: [Float64Array, (at) => view.getFloat64(at, little)],
  };
  const [Kind, read] = readers[type];
  const size = bytesOf(type);
  const out = new Kind(count);
  for (let i = 0; i < count; i++) out[i] = read(i * size);
  return out;
}

/** @param {number} bits a number of 16 bits */
function half(bits) {
  const [exponent, rest] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return rest ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : 2 ** -24 * rest);
}
