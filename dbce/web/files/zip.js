// A zip archive, as numpy writes its .npz: every file deflated, and no dates: the same files give the same bytes.
import { crc32 } from "../readers/crc.js";

/** @typedef {{name: string, data: Uint8Array}} Entry */

const DAY = (1 << 5) | 1; // 1980-01-01, the first that a zip knows
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const [VERSION, DEFLATED] = [20, 8];

/** Numbers of 2 and of 4 bytes, their low byte first. @type {(...numbers: number[]) => Uint8Array} */
const shorts = (...numbers) => Uint8Array.from(numbers.flatMap((n) => [n & 255, n >> 8]));
/** @type {(...numbers: number[]) => Uint8Array} */
const longs = (...numbers) => Uint8Array.from(numbers.flatMap((n) => [0, 8, 16, 24].map((by) => (n >>> by) & 255)));

/** @param {Uint8Array[]} parts */
const lengthOf = (parts) => parts.reduce((sum, part) => sum + part.length, 0);

/**
 * @param {Entry[]} entries
 * @returns {Promise<Uint8Array>}
 */
export async function zipped(entries) {
  const [parts, index] = /** @type {Uint8Array[][]} */ ([[], []]);
  for (const { name, data } of entries) {
    const offset = lengthOf(parts);
    const packed = await deflated(data);
    const letters = new TextEncoder().encode(name);
    const flags = 0;
    const told = [
      ...[shorts(VERSION, flags, DEFLATED, 0, DAY), longs(crc32(data), packed.length, data.length)],
      shorts(letters.length, 0),
    ];
    parts.push(longs(LOCAL), ...told, letters, packed);
    index.push(longs(CENTRAL), shorts(VERSION), ...told, shorts(0, 0, 0), longs(0, offset), letters);
  }
  const count = entries.length;
  const end = [longs(END), shorts(0, 0, count, count), longs(lengthOf(index), lengthOf(parts)), shorts(0)];
  const all = /** @type {BlobPart[]} */ ([...parts, ...index, ...end]);
  return new Uint8Array(await new Blob(all).arrayBuffer());
}

/** @param {Uint8Array} data */
async function deflated(data) {
  const stream = new Blob([/** @type {BlobPart} */ (data)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
