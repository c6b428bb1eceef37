// PNG: every depth, palettes, interlacing. Twin of what Pillow makes of one.
import { crc32 } from "./crc.js";
import { orientation, orientationOfExif, orientationOfXmp } from "./exif.js";
import { latin, viewOf } from "./formats.js";
import { inflateUpTo } from "./inflate.js";
import { checkSize } from "./raster.js";
import { refusal } from "./refusal.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{width: number, height: number, depth: number, colour: number, interlaced: boolean}} Header */

const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
]; // Adam7: first column and row, steps

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {Promise<Raster>}
 */
export async function decodePng(data, name) {
  const { header, palette, clear, exif, xmp, packed } = chunksOf(data, name);
  const { width, height, depth, colour } = header;
  checkSize(width, height, name);
  const channels = CHANNELS[/** @type {0} */ (colour)];
  const bits = depth * channels;
  /** @param {number} w @param {number} h */
  const bytes = (w, h) => (w && h ? h * (1 + Math.ceil((w * bits) / 8)) : 0);
  const passes = header.interlaced ? PASSES : [[0, 0, 1, 1]];
  const sizes = passes.map(([x, y, dx, dy]) => [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)]);
  const total = sizes.reduce((sum, [w, h]) => sum + bytes(w, h), 0);
  const raw = await inflateUpTo(packed, "deflate", total);
  if (raw.length < total) throw refusal("damaged", { name });
  const deep = depth === 16;
  const samples = deep ? new Uint16Array(width * height * channels) : new Uint8Array(width * height * channels);
  let at = 0;
  passes.forEach(([x0, y0, dx, dy], pass) => {
    const [w, h] = sizes[pass];
    const length = Math.ceil((w * bits) / 8);
    if (!bytes(w, h)) return;
    let above = /** @type {Uint8Array} */ (new Uint8Array(length));
    for (let row = 0; row < h; row++, at += 1 + length) {
      const line = raw.subarray(at + 1, at + 1 + length);
      unfilter(raw[at], line, above, Math.max(1, bits >> 3), name);
      above = line;
      for (let column = 0; column < w; column++)
        for (let c = 0; c < channels; c++)
          samples[((y0 + row * dy) * width + x0 + column * dx) * channels + c] = sample(
            line,
            column * channels + c,
            depth,
          );
    }
  });
  return { ...rasterOf(header, samples, palette, clear), said: orientation(exif, xmp), turn: orientation(exif, xmp) };
}

/** @type {(line: Uint8Array, index: number, depth: number) => number} */
function sample(line, index, depth) {
  if (depth === 8) return line[index];
  if (depth === 16) return (line[2 * index] << 8) | line[2 * index + 1];
  const bit = index * depth;
  return (line[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** @type {(filter: number, line: Uint8Array, above: Uint8Array, step: number, name: string) => void} */
function unfilter(filter, line, above, step, name) {
  if (filter > 4) throw refusal("damaged", { name });
  for (let i = 0; filter && i < line.length; i++) {
    const left = i < step ? 0 : line[i - step];
    const corner = i < step ? 0 : above[i - step];
    if (filter === 1) line[i] += left;
    else if (filter === 2) line[i] += above[i];
    else if (filter === 3) line[i] += (left + above[i]) >> 1;
    else {
      const [a, b, c] = [Math.abs(above[i] - corner), Math.abs(left - corner), Math.abs(left + above[i] - 2 * corner)];
      line[i] += a <= b && a <= c ? left : b <= c ? above[i] : corner;
    }
  }
}

/**
 * The mode that Pillow gives a picture: colours of 16 bits keep their upper 8, grey of 16 bits keeps all.
 * @param {Header} header
 * @param {Uint8Array | Uint16Array} samples
 * @param {Uint8Array} palette
 * @param {Uint8Array | null} clear
 * @returns {Raster}
 */
function rasterOf({ width, height, depth, colour }, samples, palette, clear) {
  const base = { width, height };
  if (colour === 0 && depth === 16) return { ...base, mode: "deep", data: samples };
  const data = depth === 16 ? Uint8Array.from(samples, (value) => value >> 8) : /** @type {Uint8Array} */ (samples);
  if (colour === 3) {
    const alphas = clear && new Uint8Array(256).fill(255);
    if (alphas && clear) alphas.set(clear.subarray(0, 256));
    return { ...base, mode: "P", data, palette, ...(alphas && { alphas }) };
  }
  if (colour === 0) {
    const factor = 255 / (2 ** depth - 1);
    const grey = depth < 8 ? data.map((value) => value * factor) : data;
    /** @type {Raster} */
    const raster = { ...base, mode: "L", data: grey, bilevel: depth === 1 };
    if (clear && clear.length >= 2) {
      raster.alphas = new Uint8Array(256).fill(255);
      const value = (clear[0] << 8) | clear[1];
      if (value < 256) raster.alphas[value] = 0;
    }
    return raster;
  }
  if (colour === 2) {
    const colours = clear && clear.length >= 6 ? [0, 2, 4].map((i) => (clear[i] << 8) | clear[i + 1]) : null;
    return { ...base, mode: "RGB", data, ...(colours && { clear: colours }) };
  }
  return { ...base, mode: colour === 4 ? "LA" : "RGBA", data };
}

/**
 * @param {Uint8Array} data
 * @param {string} name
 */
function chunksOf(data, name) {
  const view = viewOf(data);
  /** @type {Header | null} */
  let header = null;
  const palette = new Uint8Array(768);
  let clear = /** @type {Uint8Array | null} */ (null);
  let [exif, xmp] = /** @type {(number | null)[]} */ ([null, null]);
  const pieces = [];
  for (let at = 8; at + 8 <= data.length;) {
    const length = view.getUint32(at);
    const kind = latin(data, at + 4, at + 8);
    const body = data.subarray(at + 8, at + 8 + length);
    const early = !pieces.length && kind !== "IDAT";
    if (early) {
      if (at + 12 + length > data.length) throw refusal("damaged", { name });
      if (crc32(data.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
        throw refusal("rare_kind", { name, kind: "PNG" });
    }
    if (kind === "IHDR") header = headerOf(body, name);
    else if (!header) break;
    else if (kind === "PLTE") palette.set(body.subarray(0, 768));
    else if (kind === "tRNS" && early) clear = body;
    else if (kind === "IDAT") pieces.push(body);
    else if (kind === "eXIf") exif = orientationOfExif(body);
    else if (kind === "iTXt" && latin(body, 0, 18) === "XML:com.adobe.xmp\0") xmp = orientationOfXmp(textOf(body));
    else if (kind === "IEND") break;
    at += 12 + length;
  }
  if (!header || !pieces.length) throw refusal("rare_kind", { name, kind: "PNG" });
  const packed = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    packed.set(piece, end);
    end += piece.length;
  }
  return { header, palette, clear, exif, xmp, packed };
}

/** @param {Uint8Array} body */
const textOf = (body) => new TextDecoder().decode(body.subarray(0, 1_000_000));

/** @type {(body: Uint8Array, name: string) => Header} */
function headerOf(body, name) {
  const rare = refusal("rare_kind", { name, kind: "PNG" });
  if (body.length < 13) throw rare;
  const view = viewOf(body);
  const [width, height, depth, colour] = [view.getUint32(0), view.getUint32(4), body[8], body[9]];
  const depths = /** @type {Record<number, number[]>} */ (DEPTHS)[colour];
  if (!depths?.includes(depth) || !width || !height || body[10] || body[11]) throw rare;
  return { width, height, depth, colour, interlaced: body[12] === 1 };
}
