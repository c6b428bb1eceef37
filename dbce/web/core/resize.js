// Pictures, masks and labels at another size. Twin of dbce/data/resize.py, and within it of OpenCV's resize: the same
// tables, the same rounding, so that a network sees the same bytes here and there.
import { IGNORE } from "./dilation.js";

/** @typedef {Uint8Array | Uint8ClampedArray | Float32Array | Float64Array} Pixels row by row, channels side by side */
/** @typedef {{width: number, height: number}} Size in pixels */
/** @typedef {{at: number, weight: number}[]} Cover the pixels that a new pixel covers, and with which part of it */
/** @typedef {{low: number, high: number, weights: [number, number]}} Between two pixels, and what each contributes */

const COEFFICIENT = 2048; // OpenCV's fixed point for bytes
const SLIVER = 1e-3; // a part of a pixel below which OpenCV leaves it out

/**
 * To the nearest whole number, halves to the even one, as numpy's rint.
 * @param {number} value
 */
export function rint(value) {
  const low = Math.floor(value);
  const rest = value - low;
  return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low + (low & 1);
}

/**
 * A square; averages when shrinking, so that nothing aliases. Twin of resize_image.
 * @template {Pixels} T
 * @param {T} pixels height * width * channels
 * @param {Size} from
 * @param {number} size pixels a side
 * @param {number} channels
 * @returns {T} size * size * channels, of the same type
 */
export function resizeImage(pixels, from, size, channels = 1) {
  const resize = size < Math.max(from.width, from.height) ? resizeArea : resizeLinear;
  return resize(pixels, from, { width: size, height: size }, channels);
}

/**
 * A pixel is ignored if at least half of it is; else it is 1 if half of what counts in it is. Twin of resize_mask.
 * @param {Uint8Array} mask height * width: 0, another value for the object, and `IGNORE` if `ignores`
 * @param {Size} from
 * @param {number} size pixels a side
 * @param {boolean} ignores whether 255 means ignored, and not object
 * @returns {Uint8Array} size * size: 0, 1 and `IGNORE`
 */
export function resizeMask(mask, from, size, ignores = mask.includes(IGNORE)) {
  if (!ignores) {
    const grey = mask.map((value) => (value ? 255 : 0));
    return resizeImage(grey, from, size).map((value) => (value > 127 ? 1 : 0));
  }
  const [ignored, object] = [new Float32Array(mask.length), new Float32Array(mask.length)];
  for (let i = 0; i < mask.length; i++) {
    ignored[i] = +(mask[i] === IGNORE);
    object[i] = +(mask[i] > 0 && mask[i] !== IGNORE);
  }
  const [leftOut, inside] = [ignored, object].map((part) => resizeImage(part, from, size));
  const almost = 1e-6; // of a half, in float32
  return Uint8Array.from(leftOut, (out, i) =>
    out >= 0.5 - almost ? IGNORE : +(inside[i] >= Math.fround((1 - out) / 2) - almost),
  );
}

/**
 * The label at the middle of each new pixel. Twin of resize_labels.
 * @param {Uint8Array} labels height * width
 * @param {Size} from
 * @param {number} size pixels a side
 * @returns {Uint8Array} size * size
 */
export const resizeLabels = (labels, from, size) => resizeNearest(labels, from, { width: size, height: size });

/**
 * The same at any size.
 * @param {Uint8Array} labels height * width
 * @param {Size} from
 * @param {Size} to
 * @returns {Uint8Array}
 */
export function resizeNearest(labels, from, to) {
  const [columns, rows] = [middles(from.width, to.width), middles(from.height, to.height)];
  const out = new Uint8Array(to.width * to.height);
  for (let y = 0, i = 0; y < to.height; y++)
    for (let x = 0; x < to.width; x++, i++) out[i] = labels[rows[y] * from.width + columns[x]];
  return out;
}

/**
 * OpenCV's INTER_NEAREST_EXACT as of version 5, which adds up one step after the other; so do we, because a middle that
 * falls between two pixels goes to where the sum of the steps, rounded as it is, falls.
 * @param {number} length before
 * @param {number} size after
 */
function middles(length, size) {
  const step = scaleOf(length, size);
  const at = new Int32Array(size);
  for (let i = 0, sum = step / 2; i < size; i++, sum += step) at[i] = Math.min(Math.floor(sum), length - 1);
  return at;
}

/**
 * OpenCV's INTER_AREA: the mean of what a new pixel covers; where one side grows, its own kind of `resizeLinear`.
 * @template {Pixels} T
 * @param {T} pixels
 * @param {Size} from
 * @param {Size} to
 * @param {number} channels
 * @returns {T}
 */
export function resizeArea(pixels, from, to, channels = 1) {
  const across = scaleOf(from.width, to.width);
  const down = scaleOf(from.height, to.height);
  if (across < 1 || down < 1) return interpolate(pixels, from, to, channels, areaBetween);
  if (from.width === to.width && from.height === to.height) return /** @type {T} */ (pixels.slice());
  if (Number.isInteger(across) && Number.isInteger(down)) return meanOfBlocks(pixels, from, to, channels, across, down);
  const out = like(pixels, to.width * to.height * channels);
  const [columns, rows] = [covers(from.width, to.width), covers(from.height, to.height)];
  const length = to.width * channels;
  const bytes = areBytes(pixels);
  const wide = pixels instanceof Float64Array; // sums are, too
  const [row, sum] = wide
    ? [new Float64Array(length), new Float64Array(length)]
    : [new Float32Array(length), new Float32Array(length)];
  for (let y = 0; y < to.height; y++) {
    sum.fill(0);
    for (const { at, weight } of rows[y]) {
      coverRow(pixels, at * from.width * channels, columns, channels, row);
      if (wide) for (let k = 0; k < length; k++) sum[k] += weight * row[k];
      else for (let k = 0; k < length; k++) sum[k] += Math.fround(weight * row[k]);
    }
    for (let k = 0, i = y * length; k < length; k++, i++) out[i] = bytes ? Math.min(255, rint(sum[k])) : sum[k];
  }
  return out;
}

/**
 * One row of pixels, averaged along itself.
 * @param {Pixels} pixels
 * @param {number} start of the row
 * @param {Cover[]} columns
 * @param {number} channels
 * @param {Float32Array | Float64Array} row to be filled
 */
function coverRow(pixels, start, columns, channels, row) {
  row.fill(0);
  if (row instanceof Float64Array) {
    for (let x = 0, k = 0; x < columns.length; x++, k += channels)
      for (const { at, weight } of columns[x])
        for (let c = 0; c < channels; c++) row[k + c] += pixels[start + at * channels + c] * weight;
    return;
  }
  for (let x = 0, k = 0; x < columns.length; x++, k += channels)
    for (const { at, weight } of columns[x])
      for (let c = 0; c < channels; c++) row[k + c] += Math.fround(pixels[start + at * channels + c] * weight);
}

/**
 * The mean over blocks of whole pixels.
 * @template {Pixels} T
 * @param {T} pixels
 * @param {Size} from
 * @param {Size} to
 * @param {number} channels
 * @param {number} across width of a block
 * @param {number} down height of a block
 * @returns {T}
 */
function meanOfBlocks(pixels, from, to, channels, across, down) {
  const out = like(pixels, to.width * to.height * channels);
  const share = Math.fround(1 / (across * down));
  const bytes = areBytes(pixels);
  const wide = pixels instanceof Float64Array;
  const stride = from.width * channels;
  for (let y = 0, i = 0; y < to.height; y++)
    for (let x = 0; x < to.width; x++)
      for (let c = 0; c < channels; c++, i++) {
        let sum = 0;
        for (let j = 0, at = y * down * stride + x * across * channels + c; j < down; j++, at += stride)
          for (let k = 0; k < across; k++) sum += pixels[at + k * channels];
        if (!bytes) out[i] = (wide ? sum : Math.fround(sum)) * share;
        else out[i] = across === 2 && down === 2 ? (sum + 2) >> 2 : rint(Math.fround(sum * share));
      }
  return out;
}

/**
 * OpenCV's INTER_LINEAR.
 * @template {Pixels} T
 * @param {T} pixels
 * @param {Size} from
 * @param {Size} to
 * @param {number} channels
 * @returns {T}
 */
export function resizeLinear(pixels, from, to, channels = 1) {
  if (from.width === to.width && from.height === to.height) return /** @type {T} */ (pixels.slice());
  return interpolate(pixels, from, to, channels, middleBetween);
}

/**
 * @template {Pixels} T
 * @param {T} pixels
 * @param {Size} from
 * @param {Size} to
 * @param {number} channels
 * @param {(index: number, length: number, size: number) => [number, number]} place
 * @returns {T}
 */
function interpolate(pixels, from, to, channels, place) {
  const out = like(pixels, to.width * to.height * channels);
  const bytes = areBytes(pixels);
  const one = bytes ? COEFFICIENT : 1;
  const columns = betweens(from.width, to.width, one, true, place);
  const rows = betweens(from.height, to.height, one, false, place);
  const stride = from.width * channels;
  for (let y = 0, i = 0; y < to.height; y++) {
    const [upper, lower] = [rows[y].low * stride, rows[y].high * stride];
    const [b0, b1] = rows[y].weights;
    for (let x = 0; x < to.width; x++) {
      const [left, right] = [columns[x].low * channels, columns[x].high * channels];
      const [a0, a1] = columns[x].weights;
      for (let c = 0; c < channels; c++, i++) {
        const p = pixels[upper + left + c] * a0 + pixels[upper + right + c] * a1;
        const q = pixels[lower + left + c] * a0 + pixels[lower + right + c] * a1;
        out[i] = bytes ? (((b0 * (p >> 4)) >> 16) + ((b1 * (q >> 4)) >> 16) + 2) >> 2 : p * b0 + q * b1;
      }
    }
  }
  return out;
}

/**
 * @param {number} length before
 * @param {number} size after
 * @param {number} one what the two weights come to
 * @param {boolean} stops whether beyond the last pixel it alone counts; down a column OpenCV takes it twice instead
 * @param {(index: number, length: number, size: number) => [number, number]} place
 * @returns {Between[]}
 */
function betweens(length, size, one, stops, place) {
  const last = length - 1;
  return Array.from({ length: size }, (_, i) => {
    let [low, rest] = place(i, length, size);
    if (stops && (low < 0 || low >= last)) rest = 0;
    const weights = [Math.fround(1 - rest) * one, rest * one];
    const [first, second] = one === 1 ? weights : weights.map(rint);
    return {
      low: Math.min(Math.max(low, 0), last),
      high: Math.min(Math.max(low + 1, 0), last),
      weights: /** @type {[number, number]} */ ([first, second]),
    };
  });
}

/** @type {(index: number, length: number, size: number) => [number, number]} where the middle of a new pixel lies */
function middleBetween(index, length, size) {
  const at = Math.fround((index + 0.5) * scaleOf(length, size) - 0.5);
  const low = Math.floor(at);
  return [low, Math.fround(at - low)];
}

/** @type {(index: number, length: number, size: number) => [number, number]} how much is covered of two pixels */
function areaBetween(index, length, size) {
  const low = Math.floor(index * scaleOf(length, size));
  const rest = Math.fround(index + 1 - (low + 1) * (size / length));
  return [low, rest <= 0 ? 0 : Math.fround(rest - Math.floor(rest))];
}

/**
 * @param {number} length before
 * @param {number} size after
 * @returns {Cover[]}
 */
function covers(length, size) {
  const scale = scaleOf(length, size);
  return Array.from({ length: size }, (_, i) => {
    const [start, end] = [i * scale, i * scale + scale];
    const cell = Math.min(scale, length - start);
    const after = Math.min(Math.floor(end), length - 1);
    const first = Math.min(Math.ceil(start), after);
    const cover = [];
    if (first - start > SLIVER) cover.push({ at: first - 1, weight: Math.fround((first - start) / cell) });
    for (let at = first; at < after; at++) cover.push({ at, weight: Math.fround(1 / cell) });
    if (end - after > SLIVER)
      cover.push({ at: after, weight: Math.fround(Math.min(Math.min(end - after, 1), cell) / cell) });
    return cover;
  });
}

/**
 * Old pixels a new one, to the last bit as OpenCV has it.
 * @param {number} length before
 * @param {number} size after
 */
const scaleOf = (length, size) => 1 / (size / length);

/** @param {Pixels} pixels */
const areBytes = (pixels) => !(pixels instanceof Float32Array || pixels instanceof Float64Array);

/**
 * @template {Pixels} T
 * @param {T} pixels
 * @param {number} length
 */
const like = (pixels, length) => /** @type {T} */ (new /** @type {any} */ (pixels).constructor(length));
