// Unpacking, by what every browser and Node have built in; never more bytes than are asked for.

/**
 * @param {Uint8Array} data
 * @param {"gzip" | "deflate" | "deflate-raw"} format
 * @param {number} most bytes that are wanted; what comes after them is not unpacked
 * @returns {Promise<Uint8Array>} fewer if the data end before, whole or damaged
 */
export async function inflateUpTo(data, format, most) {
  const out = new Uint8Array(most);
  let at = 0;
  const packed = new Blob([/** @type {BlobPart} */ (data)]).stream();
  const reader = packed.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    while (at < most) {
      const { done, value } = await reader.read();
      if (done) break;
      const piece = value.subarray(0, most - at);
      out.set(piece, at);
      at += piece.length;
    }
  } catch {
    // cut short or damaged: what came before counts
  }
  reader.cancel().catch(() => {});
  return at < most ? out.slice(0, at) : out;
}
