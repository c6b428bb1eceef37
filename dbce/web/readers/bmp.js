// BMP: palettes, 16, 24 and 32 bits, run lengths. Twin of what Pillow makes of one.
import { viewOf } from "./formats.js";
import { checkSize } from "./raster.js";
import { refusal } from "./refusal.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{width: number, height: number}} Size */

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {Raster}
 */
export function decodeBmp(data, name) {
  try {
    return decode(data, name);
  } catch (error) {
    if (error instanceof RangeError) throw refusal("damaged", { name });
    throw error;
  }
}

/** @type {(data: Uint8Array, name: string) => Raster} */
function decode(data, name) {
  const view = viewOf(data);
  const rare = refusal("rare_kind", { name, kind: "BMP" });
  const [start, header] = [view.getUint32(10, true), view.getUint32(14, true)];
  const old = header === 12;
  if (!old && header < 40) throw rare;
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const tall = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(tall);
  const depth = view.getUint16(old ? 24 : 28, true);
  const compression = old ? 0 : view.getUint32(30, true);
  if (width <= 0 || !height) throw rare;
  checkSize(width, height, name);
  const masks = compression === 3 ? [0, 1, 2, 3].map((k) => maskAt(view, header, k)) : null;
  const base = { width, height };
  if (depth <= 8) {
    if (![1, 4, 8].includes(depth) || ![0, 1, 2].includes(compression)) throw rare;
    const entry = old ? 3 : 4;
    const room = Math.floor((start - 14 - header) / entry);
    const colours = Math.min(old ? 1 << depth : view.getUint32(46, true) || 1 << depth, 256, Math.max(room, 0));
    const palette = new Uint8Array(768);
    for (let i = 0; i < colours; i++)
      for (let c = 0; c < 3; c++) palette[3 * i + c] = view.getUint8(14 + header + i * entry + 2 - c);
    const lengths = compression !== 0;
    const rows = lengths ? runs(data, start, base, depth, name) : packed(view, start, base, depth);
    const out = tall > 0 ? flipped(rows, width, height, 1) : rows;
    const ends = colours === 2 ? [0, 255] : [...Array(colours).keys()];
    if (ends.every((value, i) => [0, 1, 2].every((c) => palette[3 * i + c] === value)))
      return colours === 2
        ? { ...base, mode: "L", bilevel: true, data: out.map((value) => (value ? 255 : 0)) }
        : { ...base, mode: "L", data: out };
    return { ...base, mode: "P", data: out, palette };
  }
  if (![16, 24, 32].includes(depth) || ![0, 3].includes(compression)) throw rare;
  const bytes = depth / 8;
  const stride = (width * bytes + 3) & ~3;
  if (start + stride * (height - 1) + width * bytes > data.length) throw refusal("damaged", { name });
  const usual = depth === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];
  const chosen = (masks ?? usual).map((mask) => mask >>> 0);
  const opaque = !chosen[3];
  const channels = opaque ? 3 : 4;
  const out = new Uint8Array(width * height * channels);
  const parts = chosen.slice(0, channels).map((mask) => {
    const shift = mask ? 31 - Math.clz32(mask & -mask) : 0;
    return { mask, shift, most: mask >>> shift || 1 };
  });
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = start + (tall > 0 ? height - 1 - y : y) * stride + x * bytes;
      let value = 0;
      for (let k = bytes - 1; k >= 0; k--) value = value * 256 + data[at + k];
      for (const { mask, shift, most } of parts)
        out[i++] = mask ? Math.floor((((value & mask) >>> shift) * 255) / most) : 0;
    }
  return { ...base, mode: opaque ? "RGB" : "RGBA", data: out };
}

/** @type {(view: DataView, header: number, k: number) => number} */
function maskAt(view, header, k) {
  if (k === 3 && header < 56) return 0; // no opacity
  return view.getUint32(54 + 4 * k, true);
}

/** @type {(view: DataView, start: number, size: Size, depth: number) => Uint8Array} */
function packed(view, start, { width, height }, depth) {
  const stride = ((width * depth + 31) >> 5) * 4;
  const out = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const bit = x * depth;
      out[i] = (view.getUint8(start + y * stride + (bit >> 3)) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  return out;
}

/**
 * Run lengths of 8 or 4 bits.
 * @param {Uint8Array} data
 * @param {number} at
 * @param {{width: number, height: number}} size
 * @param {number} depth
 * @param {string} name
 */
function runs(data, at, { width, height }, depth, name) {
  const out = new Uint8Array(width * height);
  const view = viewOf(data);
  let [x, y] = [0, 0];
  /** @param {number} value */
  const put = (value) => {
    if (x < width && y < height) out[y * width + x++] = value;
  };
  /** @type {(byte: number, i: number) => number} */
  const part = (byte, i) => (depth === 8 ? byte : i & 1 ? byte & 15 : byte >> 4);
  while (y < height && at + 1 < data.length) {
    const [count, value] = [view.getUint8(at), view.getUint8(at + 1)];
    at += 2;
    if (count) for (let i = 0; i < count; i++) put(part(value, i));
    else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return out;
    else if (value === 2) [x, y, at] = [x + view.getUint8(at), y + view.getUint8(at + 1), at + 2];
    else {
      for (let i = 0; i < value; i++) put(part(view.getUint8(at + (depth === 8 ? i : i >> 1)), i));
      at += depth === 8 ? value : (value + 1) >> 1;
      at += at & 1;
    }
  }
  if (y < height - 1) throw refusal("damaged", { name });
  return out;
}

/** @type {(rows: Uint8Array, width: number, height: number, channels: number) => Uint8Array} */
function flipped(rows, width, height, channels) {
  const out = new Uint8Array(rows.length);
  const length = width * channels;
  for (let y = 0; y < height; y++) out.set(rows.subarray(y * length, (y + 1) * length), (height - 1 - y) * length);
  return out;
}
