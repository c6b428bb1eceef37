// Opening a picture: files of many kinds become RGB, or one clear sentence of what is wrong. Twin of
// dbce/data/inputs.py.
import { resizeArea, rint } from "../core/resize.js";
import { decodeBmp } from "./bmp.js";
import { browserCodec, decodeJpeg, decodeWebp } from "./codec.js";
import { examine } from "./formats.js";
import { decodeGif } from "./gif.js";
import { decodePng } from "./png.js";
import { deepNumbers, hasAlpha, rgba, shrinking, sizeOf, upright } from "./raster.js";
import { general, refusal, sentence } from "./refusal.js";
import { decodeTiff } from "./tiff.js";

/** @typedef {import("./raster.js").Decoded} Decoded */
/** @typedef {{width: number, height: number}} Size */
/**
 * A picture that was read.
 * @typedef {object} Picture
 * @property {Uint8Array} pixels height * width * 3, RGB, upright
 * @property {number} width of the pixels
 * @property {number} height of the pixels
 * @property {Size} size as it came, upright
 * @property {number} orientation what its EXIF says, 1 to 8
 * @property {string[]} notes sentences on what was done to it
 */

/** Largest file that is accepted, in bytes. */
export const MAX_BYTES = 32_000_000;

const WHITE = 0.999; // share of the pixels of deep grey that are not brighter than white

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @param {number} most bytes
 */
export function checkBytes(data, name, most = MAX_BYTES) {
  if (data.length > most) throw refusal("too_many_bytes", { name, most: most / 1e6 });
}

/**
 * Decode a picture file, by the one decoder that its content names, after a look at what it claims.
 * @param {Uint8Array} data
 * @param {string} name
 * @param {import("./codec.js").Codec} codec of JPEG and WebP
 * @returns {Promise<Decoded>}
 */
export async function decode(data, name, codec = browserCodec) {
  const { kind, pages } = examine(data, name);
  const decoders = {
    PNG: () => decodePng(data, name),
    JPEG: () => decodeJpeg(data, name, codec),
    WEBP: () => decodeWebp(data, name, codec),
    GIF: () => decodeGif(data, name),
    BMP: () => decodeBmp(data, name),
    TIFF: () => decodeTiff(data, name),
  };
  const raster = await decoders[kind]();
  return { ...raster, name, pages, said: raster.said ?? 1, turn: raster.turn ?? 1 };
}

/**
 * Bytes of a picture file -> RGB, upright. Twin of read_picture.
 * @param {Uint8Array} data
 * @param {string} name
 * @param {import("./codec.js").Codec} codec
 * @returns {Promise<Picture>}
 */
export async function readPicture(data, name, codec = browserCodec) {
  return pictureOf(await decode(data, name, codec));
}

/**
 * @param {Decoded} decoded
 * @returns {Picture}
 */
export function pictureOf(decoded) {
  const notes = [];
  const { width, height } = decoded;
  const deep = deepNumbers(decoded);
  /** @type {Uint8Array} */
  let pixels;
  let through = false;
  if (deep) {
    const top = whiteLevel(deep, width, height);
    if (top !== 255) notes.push(sentence("shown_as_grey", { top: general(top) }));
    pixels = new Uint8Array(3 * width * height);
    for (let i = 0, k = 0; i < deep.length; i++, k += 3)
      pixels.fill(Math.min(255, Math.max(0, rint(scaled(deep, i, top)))), k, k + 3);
  } else ({ pixels, through } = overBlack(decoded));
  const by = shrinking(decoded);
  let [w, h] = [width, height];
  if (by > 1) {
    [w, h] = [Math.ceil(width / by), 0];
    const strips = [];
    for (let start = 0; start < height; start += 1024 * by) {
      const end = Math.min(start + 1024 * by, height);
      const strip = pixels.subarray(start * width * 3, end * width * 3);
      const rows = Math.ceil((end - start) / by);
      strips.push(resizeArea(strip, { width, height: end - start }, { width: w, height: rows }, 3));
      h += rows;
    }
    pixels = new Uint8Array(w * h * 3);
    let to = 0;
    for (const strip of strips) {
      pixels.set(strip, to);
      to += strip.length;
    }
  }
  pixels = upright(pixels, w, h, decoded.turn, 3);
  if (decoded.turn >= 5) [w, h] = [h, w];
  if (by > 1) notes.push(sentence("shrunk", { width: w, height: h }));
  if (through) notes.push(sentence("transparent_black"));
  if (decoded.pages > 1) {
    const number = decoded.pages > 2 ? decoded.pages : "more than one";
    notes.push(sentence("several_pictures", { number }).replace("one pictures", "one picture"));
  }
  return { pixels, width: w, height: h, size: sizeOf(decoded), orientation: decoded.said, notes };
}

/**
 * A value of deep grey as a share of 255.
 * @type {(deep: import("./raster.js").Values, i: number, top: number) => number}
 */
const scaled = (deep, i, top) => deep[i] * (255 / top);

/**
 * The value of deep grey that becomes white; one saturated pixel, or a thousandth of them, does not move it.
 * @param {import("./raster.js").Values} values
 * @param {number} width
 * @param {number} height
 */
function whiteLevel(values, width, height) {
  const step = Math.max(1, Math.floor(Math.sqrt(Math.floor(values.length / 4_000_000))));
  const sample = [];
  for (let y = 0; y < height; y += step) for (let x = 0; x < width; x += step) sample.push(values[y * width + x]);
  const sorted = Float64Array.from(sample).sort();
  const top = sorted[Math.floor(WHITE * (sorted.length - 1))];
  const real = values instanceof Float32Array || values instanceof Float64Array;
  if (real && top > 0 && top <= 1) return 1;
  return Math.max(top, 255);
}

/** @param {Decoded} decoded RGB, with what is transparent laid over black, and whether something is */
function overBlack(decoded) {
  if (decoded.mode === "RGB" && !decoded.clear)
    return { pixels: /** @type {Uint8Array} */ (decoded.data), through: false };
  const all = rgba(decoded);
  const pixels = new Uint8Array((all.length / 4) * 3);
  let through = false;
  for (let k = 3; hasAlpha(decoded) && k < all.length && !through; k += 4) through = all[k] < 255;
  for (let k = 0, i = 0; k < all.length; k += 4)
    for (let c = 0; c < 3; c++) pixels[i++] = through ? Math.floor((all[k + c] * all[k + 3] + 127) / 255) : all[k + c];
  return { pixels, through };
}
