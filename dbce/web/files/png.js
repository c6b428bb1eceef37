// A PNG, exact: colours of 8 bits a channel, grey of 8 or 16.
import { crc32 } from "../readers/crc.js";

export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
const [GREY, RGB] = [0, 2];
const UP = 2; // a row as what differs from the one above

/**
 * @param {Uint8Array | Uint16Array} pixels row by row, channels side by side
 * @param {{width: number, height: number}} size
 * @param {1 | 3} channels
 * @returns {Promise<Uint8Array>}
 */
export async function png(pixels, { width, height }, channels) {
  const depth = 8 * pixels.BYTES_PER_ELEMENT;
  const row = width * channels * pixels.BYTES_PER_ELEMENT;
  const plain = depth === 8 ? pixels : highFirst(pixels);
  const raw = new Uint8Array(height * (row + 1));
  for (let y = 0; y < height; y++) {
    raw[y * (row + 1)] = y ? UP : 0;
    for (let k = 0; k < row; k++) raw[y * (row + 1) + 1 + k] = plain[y * row + k] - (y ? plain[(y - 1) * row + k] : 0);
  }
  const packed = new Blob([/** @type {BlobPart} */ (raw)]).stream().pipeThrough(new CompressionStream("deflate"));
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([depth, channels === 3 ? RGB : GREY], 8);
  const data = new Uint8Array(await new Response(packed).arrayBuffer());
  const chunks = [chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array(0))];
  return new Uint8Array(await new Blob([SIGNATURE, ...chunks]).arrayBuffer());
}

/** @param {Uint8Array | Uint16Array} values */
const highFirst = (values) => {
  const out = new Uint8Array(2 * values.length);
  for (let i = 0; i < values.length; i++) out.set([values[i] >> 8, values[i] & 255], 2 * i);
  return out;
};

/** @type {(kind: string, body: Uint8Array) => Uint8Array<ArrayBuffer>} */
export function chunk(kind, body) {
  const out = new Uint8Array(12 + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) out[4 + i] = kind.charCodeAt(i);
  out.set(body, 8);
  view.setUint32(8 + body.length, crc32(out.subarray(4, 8 + body.length)));
  return out;
}
