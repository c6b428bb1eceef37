// The first picture of a GIF, as palette indices. Twin of what Pillow makes of one.
import { viewOf } from "./formats.js";
import { checkSize } from "./raster.js";
import { refusal } from "./refusal.js";

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {import("./raster.js").Raster}
 */
export function decodeGif(data, name) {
  let found;
  try {
    found = headOf(data);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  if (!found) throw refusal("rare_kind", { name, kind: "GIF" });
  try {
    return pictureOf(data, name, found);
  } catch (error) {
    if (error instanceof RangeError) throw refusal("damaged", { name });
    throw error;
  }
}

/**
 * What stands before the pixels of the first picture.
 * @typedef {{at: number, width: number, height: number, box: number[], flags: number, transparent: number,
 *   table: Uint8Array | null}} Head
 */

/** @type {(data: Uint8Array) => Head | null} null where there is no picture */
function headOf(data) {
  const view = viewOf(data);
  let at = 13;
  /** @type {(flags: number) => Uint8Array | null} */
  const tableAt = (flags) => {
    if (!(flags & 0x80)) return null;
    const length = 3 << ((flags & 7) + 1);
    at += length;
    return data.subarray(at - length, at);
  };
  const shared = tableAt(data[10]);
  let transparent = -1;
  for (;;) {
    const kind = view.getUint8(at);
    if (kind === 0x21) {
      if (data[at + 1] === 0xf9 && data[at + 2] >= 4 && data[at + 3] & 1) transparent = data[at + 6];
      at += 2;
      while (view.getUint8(at)) at += 1 + data[at];
      at++;
    } else if (kind === 0x2c) break;
    else if (kind === 0x3b) return null;
    else at++; // as Pillow, which looks for the next block
  }
  const box = [1, 3, 5, 7].map((k) => view.getUint16(at + k, true));
  const flags = view.getUint8(at + 9);
  at += 10;
  const table = tableAt(flags) ?? shared;
  const width = Math.max(view.getUint16(6, true), box[0] + box[2]);
  const height = Math.max(view.getUint16(8, true), box[1] + box[3]);
  return { at, width, height, box, flags, transparent, table };
}

/** @type {(data: Uint8Array, name: string, head: Head) => import("./raster.js").Raster} */
function pictureOf(data, name, { at, width, height, box: [left, top, w, h], flags, transparent, table: own }) {
  checkSize(width, height, name);
  const indices = unpack(data, at, w * h, name);
  const whole = new Uint8Array(width * height).fill(Math.max(0, transparent));
  const rows = flags & 0x40 ? interlaced(h) : null;
  for (let y = 0; y < h; y++)
    whole.set(indices.subarray(y * w, (y + 1) * w), (top + (rows ? rows[y] : y)) * width + left);
  const grey = !own || own.every((value, i) => value === Math.floor(i / 3));
  const palette = new Uint8Array(768);
  palette.set(own ?? []);
  const alphas = transparent < 0 ? undefined : new Uint8Array(256).fill(255);
  if (alphas) alphas[transparent] = 0;
  return { mode: grey ? "L" : "P", width, height, data: whole, palette, alphas };
}

/** @param {number} height the rows in the order in which an interlaced picture holds them */
function interlaced(height) {
  const rows = [];
  for (const [start, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ])
    // prettier-ignore
    for (let y = start; y < height; y += step) rows.push(y);
  return rows;
}

/**
 * LZW.
 * @param {Uint8Array} data
 * @param {number} at
 * @param {number} count of pixels
 * @param {string} name
 */
function unpack(data, at, count, name) {
  const view = viewOf(data);
  const first = view.getUint8(at++);
  if (first > 11) throw refusal("damaged", { name });
  const clear = 1 << first;
  const [before, last, length] = [new Int16Array(4096), new Uint8Array(4096), new Uint16Array(4096)];
  const out = new Uint8Array(count);
  let [bits, held, size, next, previous, end] = [0, 0, first + 1, clear + 2, -1, 0];
  let block = view.getUint8(at++);
  for (let i = 0; i < clear && i < 256; i++) [last[i], length[i]] = [i, 1];
  while (end < count) {
    while (held < size) {
      if (!block) throw refusal("damaged", { name });
      bits |= view.getUint8(at++) << held;
      held += 8;
      if (!--block) block = view.getUint8(at++);
    }
    const code = bits & ((1 << size) - 1);
    bits >>>= size;
    held -= size;
    if (code === clear) {
      [size, next, previous] = [first + 1, clear + 2, -1];
      continue;
    }
    if (code === clear + 1) throw refusal("damaged", { name });
    if (code > next || (previous < 0 && code >= clear)) throw refusal("damaged", { name });
    const known = code < next;
    let from = known ? code : previous;
    const run = length[from] + (known ? 0 : 1);
    let to = end + length[from] - 1;
    for (let i = length[from]; i > 0; i--, to--, from = before[from]) if (to < count) out[to] = last[from];
    const start = out[end];
    if (!known && end + run - 1 < count) out[end + run - 1] = start;
    if (previous >= 0 && next < 4096) {
      [before[next], last[next], length[next]] = [previous, start, length[previous] + 1];
      if (++next === 1 << size && size < 12) size++;
    }
    previous = code;
    end += run;
  }
  return out;
}
