// NIfTI files: one volume of numbers in one file, turned as radiologists look at it. Twin of dbce/data/nifti.py.
import { isValid, waysOf } from "./affine.js";
import { latin, viewOf } from "./formats.js";
import { inflateUpTo } from "./inflate.js";
import { pieces } from "./pieces.js";
import { general, refusal, sentence } from "./refusal.js";
import { bytesOf, checkShape, numbersOf } from "./stack.js";

/** @typedef {import("./stack.js").Affine} Affine */
/** @typedef {import("./stack.js").Stack} Stack */
/** @typedef {import("./stack.js").NumberType} NumberType */
/**
 * The fields of either version that are used.
 * @typedef {object} Header
 * @property {number} size bytes of it
 * @property {boolean} little low bytes first
 * @property {number[]} dim number of axes, then their lengths
 * @property {number} type of the numbers
 * @property {number} offset where they begin
 * @property {number} slope
 * @property {number} intercept
 * @property {number[]} pixdim direction of the third axis, then lengths of a voxel
 * @property {number} qform
 * @property {number} sform
 * @property {number[]} quatern
 * @property {number[]} origin
 * @property {number[][]} srow
 * @property {number} eps what rounding may leave of a quaternion
 */

const MAX_OFFSET = 1_000_000;

/** @type {Record<number, NumberType>} */
// prettier-ignore
const TYPES = {
  
  2: "u1",
  4: "i2",
  8: "i4",
  16: "f4",
  64: "f8",
  256: "i1",
  512: "u2",
  768: "u4",
  1024: "i8",
  1280: "u8",
};
/** @type {Record<number, string>} */
const WIDE = { 32: "complex64", 1792: "complex128", 1536: "float128", 2048: "complex256" };

/** To the left, to the front, to the head: how the axes of a file that does not say are taken. @type {Affine} */
const USUAL = [[-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]; // prettier-ignore

/**
 * @param {Uint8Array} data packed or not
 * @param {string} name
 * @returns {Promise<Stack>}
 */
export async function readNifti(data, name) {
  const packed = data[0] === 0x1f && data[1] === 0x8b;
  const header = headerOf(packed ? await inflateUpTo(data, "gzip", 540) : data.subarray(0, 540), name, packed);
  const shape = shapeOf(header, name);
  const type = TYPES[header.type];
  if ([128, 2304].includes(header.type)) throw refusal("colour_scan", { name });
  if (!type && !WIDE[header.type]) throw refusal("unknown_type", { name });
  if (!type) throw refusal("number_type", { name, kind: WIDE[header.type], bits: 64 });
  const { offset, slope, intercept } = header;
  if (!Number.isFinite(offset)) throw refusal("header_number", { name, field: "vox_offset", value: general(offset) });
  if (offset < header.size || offset > MAX_OFFSET) throw refusal("offset", { name, start: general(offset) });
  const scaled = !(Number.isNaN(slope) || slope === 0 || (slope === 1 && intercept === 0));
  if (scaled && !(Number.isFinite(slope) && Number.isFinite(intercept)))
    throw refusal("scaling", { name, slope: general(slope), intercept: general(intercept) });
  const { affine, note } = affineOf(header, shape[2] === 1, name);
  const start = Math.trunc(offset);
  /** @param {number} step planes along the third axis at a time */
  async function* numbers(step) {
    const count = shape[0] * shape[1] * step;
    const found = pieces(data, packed ? "gzip" : null, start, count * bytesOf(type), shape[2] / step, name);
    for await (const piece of found) yield numbersOf(piece, type, header.little, count);
  }
  const single = type === "f4";
  /** @type {(value: number) => number} */
  const rescale = single
    ? (v) => Math.fround(Math.fround(v * Math.fround(slope)) + Math.fround(intercept))
    : (v) => v * slope + intercept;
  return stackOf(name, shape, affine, numbers, note ? [note] : [], type[0] === "f", scaled ? rescale : null, single);
}

/**
 * A volume whose axes lie in any way -> slices across the body. Twin of nifti.stack.
 * @param {string} name
 * @param {[number, number, number]} shape
 * @param {Affine | null} affine
 * @param {(step: number) => AsyncGenerator<any>} numbers
 * @param {string[]} notes
 * @param {boolean} real
 * @param {((value: number) => number) | null} rescale
 * @param {boolean} single whether rescaled numbers are of 32 bits
 * @returns {Stack}
 */
function stackOf(name, shape, affine, numbers, notes, real, rescale, single) {
  const ways = waysOf(affine ?? USUAL);
  if (shape[2] === 1 && Math.min(shape[0], shape[1]) > 1 && ways[2].axis !== 2) throw refusal("along", { name });
  // of every axis of the result, head to feet, front to back, right to left: that of the file, and its direction
  const axes = [2, 1, 0].map((axis) => ways.findIndex((way) => way.axis === axis));
  const checked = checkShape(axes.map((axis) => shape[axis]), name); // prettier-ignore
  const steps = axes.map((axis) => [1, shape[0], shape[0] * shape[1]][axis]);
  const turned = axes.map((axis) => ways[axis].flip === 1);
  const [depth, height, width] = checked;
  const across = axes[0] === 2; // slowest in the file runs along the body: one slice after the other

  /** @type {(box: any, slice: number) => import("./stack.js").Plane} */
  const planeOf = (box, slice) => {
    const Kind = !rescale ? box.constructor : single ? Float32Array : Float64Array;
    const values = new Kind(height * width);
    const first = across ? 0 : (turned[0] ? depth - 1 - slice : slice) * steps[0];
    for (let y = 0, i = 0; y < height; y++) {
      const row = first + (turned[1] ? height - 1 - y : y) * steps[1];
      for (let x = 0; x < width; x++, i++) {
        const value = box[row + (turned[2] ? width - 1 - x : x) * steps[2]];
        values[i] = rescale ? rescale(value) : value;
      }
    }
    return { number: slice, values, real: real || rescale !== null };
  };
  async function* planes() {
    let k = 0;
    for await (const box of numbers(across ? 1 : shape[2])) {
      if (across) yield planeOf(box, turned[0] ? depth - 1 - k : k);
      else for (let slice = 0; slice < depth; slice++) yield planeOf(box, slice);
      k++;
    }
  }
  if (!affine) return { name, shape: checked, planes, affine: null, lost: true, notes };
  const place = affine.map((row) => {
    const columns = axes.map((axis, c) => (turned[c] ? -row[axis] : row[axis]));
    const origin = axes.reduce((sum, axis, c) => sum + (turned[c] ? row[axis] * (checked[c] - 1) : 0), row[3]);
    return [...columns, origin];
  });
  return { name, shape: checked, planes, affine: place, lost: false, notes };
}

/** @type {(block: Uint8Array, name: string, packed: boolean) => Header} */
function headerOf(block, name, packed) {
  if (packed && block.length < 348) throw refusal(block.length ? "no_nifti" : "damaged", { name });
  const no = refusal("no_nifti", { name });
  if (block.length < 12) throw no;
  const view = viewOf(block);
  const sizes = [view.getInt32(0, true), view.getInt32(0, false)];
  if (!sizes.includes(348) && !sizes.includes(540)) throw no;
  const [first, second] = [latin(block, 344, 348), latin(block, 4, 12)];
  if (first.startsWith("ni1") || second.startsWith("ni2")) throw refusal("half_of_pair", { name });
  if (first === "n+1\0" && block.length >= 348) return versionOne(view);
  if (second.startsWith("n+2\0") && block.length >= 540) return versionTwo(view);
  throw no;
}

/** @param {DataView} view @returns {Header} */
function versionOne(view) {
  const little = view.getInt32(0, true) === 348;
  /** @param {number} at */
  const short = (at) => view.getInt16(at, little);
  /** @param {number} at */
  const real = (at) => view.getFloat32(at, little);
  return {
    ...{ size: 348, little, dim: list(8, (k) => short(40 + 2 * k)), type: short(70), offset: real(108) },
    ...{ slope: real(112), intercept: real(116), pixdim: list(8, (k) => real(76 + 4 * k)) },
    ...{ qform: short(252), sform: short(254), quatern: list(3, (k) => real(256 + 4 * k)) },
    ...{ origin: list(3, (k) => real(268 + 4 * k)), eps: 3 * 2 ** -23 },
    srow: list(3, (i) => list(4, (j) => real(280 + 16 * i + 4 * j))),
  };
}

/** @param {DataView} view @returns {Header} */
function versionTwo(view) {
  const little = view.getInt32(0, true) === 540;
  /** @param {number} at */
  const long = (at) => Number(view.getBigInt64(at, little));
  /** @param {number} at */
  const real = (at) => view.getFloat64(at, little);
  return {
    ...{ size: 540, little, dim: list(8, (k) => long(16 + 8 * k)), type: view.getInt16(12, little), offset: long(168) },
    ...{ slope: real(176), intercept: real(184), pixdim: list(8, (k) => real(104 + 8 * k)) },
    ...{ qform: view.getInt32(344, little), sform: view.getInt32(348, little) },
    ...{ quatern: list(3, (k) => real(352 + 8 * k)), origin: list(3, (k) => real(376 + 8 * k)), eps: 3 * 2 ** -52 },
    srow: list(3, (i) => list(4, (j) => real(400 + 32 * i + 8 * j))),
  };
}

/**
 * @template T
 * @param {number} length
 * @param {(index: number) => T} of
 */
const list = (length, of) => Array.from({ length }, (_, index) => of(index));

/** @type {(header: Header, name: string) => [number, number, number]} */
function shapeOf({ dim }, name) {
  const lengths = dim[0] >= 1 && dim[0] <= 7 ? dim.slice(1, dim[0] + 1) : [];
  while (lengths.length > 3 && lengths[lengths.length - 1] === 1) lengths.pop();
  if (![2, 3].includes(lengths.length) || Math.min(...lengths) < 1)
    throw refusal("array_shape", { name, words: lengths.join(" x ") || "no size" });
  const [i, j, k = 1] = lengths;
  return [i, j, k];
}

/** @type {(header: Header, flat: boolean, name: string) => {affine: Affine | null, note: string}} */
function affineOf(header, flat, name) {
  const found = [];
  if (header.sform > 0) found.push(upwards([...header.srow, [0, 0, 0, 1]], flat));
  if (header.qform > 0) {
    const turned = rotation(header);
    found.push(turned ? upwards(turned, flat) : [[NaN]]);
  }
  const valid = found.find(isValid);
  if (valid) return { affine: valid, note: isValid(found[0]) ? "" : sentence("broken_sform", { name }) };
  return { affine: null, note: sentence("no_affine", { name, why: found.length ? "a broken affine" : "no affine" }) };
}

/** @param {Header} header the qform; null where its numbers are none */
function rotation({ quatern: [b, c, d], pixdim, origin, eps }) {
  const rest = 1 - (b * b + c * c + d * d);
  if (rest < 0 && Math.abs(rest) >= eps) return null;
  if (pixdim.slice(1, 4).some((length) => length < 0) || Math.abs(pixdim[0]) !== 1) return null;
  const a = Math.abs(rest) < eps ? 0 : Math.sqrt(rest);
  const s = 2 / (a * a + b * b + c * c + d * d);
  const turn = [
    [1 - s * (c * c + d * d), s * (b * c - a * d), s * (b * d + a * c)],
    [s * (b * c + a * d), 1 - s * (b * b + d * d), s * (c * d - a * b)],
    [s * (b * d - a * c), s * (c * d + a * b), 1 - s * (b * b + c * c)],
  ];
  const steps = [pixdim[1], pixdim[2], pixdim[3] * pixdim[0]];
  return [...turn.map((row, i) => [...row.map((v, j) => v * steps[j]), origin[i]]), [0, 0, 0, 1]];
}

/** @type {(affine: Affine, flat: boolean) => Affine} */
function upwards(affine, flat) {
  const column = (/** @type {number} */ j) => [0, 1, 2].map((i) => affine[i][j]);
  const [x, y, z] = [0, 1, 2].map(column);
  if (!flat || ![...x, ...y].every(Number.isFinite) || z.some((v) => v && !Number.isNaN(v))) return affine;
  let across = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  if (across[2] < 0) across = across.map((v) => -v);
  const length = Math.max(Math.hypot(...across), 1e-30);
  return affine.map((row, i) => (i < 3 ? [row[0], row[1], across[i] / length, row[3]] : row));
}
