// A picture as its decoder leaves it, in the modes of Python's Pillow. Twin of Decoded in dbce/data/inputs.py.
import { refusal } from "./refusal.js";

/** @typedef {"L" | "LA" | "P" | "RGB" | "RGBA" | "deep"} Mode deep: grey of more than 8 bits, or numbers */
/** @typedef {Uint8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array} Values */
/**
 * @typedef {object} Raster
 * @property {Mode} mode
 * @property {number} width as stored
 * @property {number} height as stored
 * @property {Values} data row by row, channels side by side
 * @property {boolean} [bilevel] one bit a pixel: 0 and 255, which as labels are 0 and 1
 * @property {Uint8Array} [palette] 256 * 3, of mode P; what the file leaves out is black
 * @property {Uint8Array} [alphas] 256, of mode P and L: how opaque each value is
 * @property {number[]} [clear] the colour of RGB that is transparent
 * @property {number} [said] what its EXIF says, 1 to 8
 * @property {number} [turn] what of that is still to be done to the pixels
 * @property {number} [inverted] number of bits of grey that runs from white to black
 */
/** @typedef {Raster & {name: string, said: number, turn: number, pages: number}} Decoded */

/** A picture of more pixels is shrunk when it is read. */
export const KEPT_PIXELS = 4096 * 4096;

/** Largest width or height in pixels that is decoded. */
export const MAX_SIDE = 16384;

/** Most pixels that are decoded. */
export const MAX_PIXELS = 64_000_000;

/**
 * @param {number} width
 * @param {number} height
 * @param {string} name
 * @param {number} most
 */
export function checkSize(width, height, name, most = MAX_PIXELS) {
  if (Math.max(width, height) > MAX_SIDE || width * height > most)
    throw refusal("too_many_pixels", { name, width, height, side: MAX_SIDE, most: Math.floor(most / 1e6) });
}

/** @param {Raster} raster by how much its sides are divided when it is read */
export const shrinking = ({ width, height }) => Math.ceil(Math.sqrt((width * height) / KEPT_PIXELS));

/** @param {Decoded} decoded width and height, upright */
export const sizeOf = ({ width, height, turn }) => (turn >= 5 ? { width: height, height: width } : { width, height });

/** @param {Raster} raster whether pixels can be transparent */
export const hasAlpha = ({ mode, alphas, clear }) => mode === "LA" || mode === "RGBA" || Boolean(alphas ?? clear);

/**
 * Pixels as stored, turned as the EXIF says.
 * @template {Values} T
 * @param {T} data
 * @param {number} width as stored
 * @param {number} height as stored
 * @param {number} turn 1 to 8
 * @param {number} channels
 * @returns {T}
 */
export function upright(data, width, height, turn, channels = 1) {
  if (turn === 1) return data;
  const [w, h] = turn >= 5 ? [height, width] : [width, height];
  const out = /** @type {T} */ (new /** @type {any} */ (data).constructor(data.length));
  const [mirrored, upsideDown] = [[2, 3, 6, 7].includes(turn), [3, 4, 7, 8].includes(turn)];
  for (let y = 0, i = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const [u, v] = [mirrored ? w - 1 - x : x, upsideDown ? h - 1 - y : y];
      const at = (turn >= 5 ? u * width + v : v * width + u) * channels;
      for (let c = 0; c < channels; c++, i++) out[i] = data[at + c];
    }
  return out;
}

/**
 * Values as stored of grey of more than 8 bits; null for every other picture. Twin of Decoded.numbers.
 * @param {Decoded} decoded
 * @returns {Values | null}
 */
export function deepNumbers({ mode, data, inverted, name }) {
  if (mode !== "deep") return null;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    if (!data.every(Number.isFinite)) throw refusal("not_finite", { name });
    return data;
  }
  return inverted ? Int32Array.from(data, (value) => 2 ** inverted - 1 - value) : data;
}

/**
 * Red, green, blue and opacity of every pixel, as Pillow's convert("RGBA").
 * @param {Raster} raster not of mode deep
 * @returns {Uint8Array} width * height * 4
 */
export function rgba({ mode, data, width, height, palette, alphas, clear }) {
  const count = width * height;
  const out = new Uint8Array(4 * count);
  for (let i = 0, k = 0; i < count; i++, k += 4) {
    let alpha = 255;
    if (mode === "P" && palette) {
      for (let c = 0; c < 3; c++) out[k + c] = palette[3 * data[i] + c];
      alpha = alphas ? alphas[data[i]] : 255;
    } else if (mode === "L" || mode === "LA") {
      const value = data[mode === "LA" ? 2 * i : i];
      out[k] = out[k + 1] = out[k + 2] = value;
      alpha = mode === "LA" ? data[2 * i + 1] : alphas ? alphas[value] : 255;
    } else {
      const at = mode === "RGBA" ? k : 3 * i;
      for (let c = 0; c < 3; c++) out[k + c] = data[at + c];
      if (mode === "RGBA") alpha = data[at + 3];
      else if (clear && clear.every((value, c) => value === data[at + c])) alpha = 0;
    }
    out[k + 3] = alpha;
  }
  return out;
}
