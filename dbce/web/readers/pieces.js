// Pieces of a file that may be packed, one after the other; of a packed one no more than these is unpacked.
import { refusal } from "./refusal.js";

/**
 * @param {Uint8Array} data
 * @param {"gzip" | "deflate-raw" | null} packing
 * @param {number} start where the first begins, in the unpacked file
 * @param {number} size bytes of a piece
 * @param {number} count of pieces
 * @param {string} name
 * @returns {AsyncGenerator<Uint8Array>} each valid until the next is asked for
 */
export async function* pieces(data, packing, start, size, count, name) {
  const short = refusal("damaged", { name });
  if (!packing) {
    if (data.length < start + size * count) throw short;
    for (let k = 0; k < count; k++) yield data.subarray(start + k * size, start + (k + 1) * size);
    return;
  }
  const stream = new Blob([/** @type {BlobPart} */ (data)]).stream().pipeThrough(new DecompressionStream(packing));
  const reader = stream.getReader();
  /** @type {Uint8Array} */
  let rest = new Uint8Array(0);
  /** @param {Uint8Array} piece to be filled */
  const fill = async (piece) => {
    for (let at = 0; at < piece.length;) {
      if (!rest.length) {
        const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
        if (done || !value) throw short;
        rest = value;
      }
      const part = rest.subarray(0, piece.length - at);
      piece.set(part, at);
      rest = rest.subarray(part.length);
      at += part.length;
    }
  };
  try {
    await fill(new Uint8Array(start));
    const piece = new Uint8Array(size);
    for (let k = 0; k < count; k++) {
      await fill(piece);
      yield piece;
    }
    if (!rest.length)
      await reader.read().catch(() => {
        throw short; // at its end the checksum is compared
      });
  } finally {
    reader.cancel().catch(() => {});
  }
}
