// Large files that a page loads once: with progress, unpacked, and kept in the browser for the next visit.

/** @typedef {(address: string) => Promise<Response>} Get */
/**
 * A file, or where it is.
 * @typedef {object} Source
 * @property {string} [url] of a file, perhaps packed with gzip: plain hosts do not compress what they send
 * @property {Uint8Array} [data] the file itself
 * @property {number} [bytes] of the file as it lies there; 0 if not known
 * @property {number} [size] in bytes, unpacked; 0 if not known
 */

/** Name of the place in the browser where large files lie; what is no longer of use is taken out by service.js. */
export const LARGE = "dbce-large";

/** @type {Set<Promise<unknown>>} what is being kept */
const pending = new Set();

/** When all that was fetched so far is kept. */
export const allKept = () => Promise.all(pending);

/**
 * A file from where this browser keeps it, else from its host, to be kept.
 * @type {Get}
 */
export async function keptGet(url) {
  const kept = await globalThis.caches?.open(LARGE).catch(() => null); // there is none where storage is switched off
  const known = await kept?.match(url).catch(() => undefined);
  if (known) return known;
  const answer = await fetch(url);
  if (kept && answer.ok) {
    const put = kept.put(url, answer.clone()).catch(() => {}); // no room: it is loaded again next time
    pending.add(put);
    put.finally(() => pending.delete(put));
  }
  return answer;
}

/**
 * @param {Get} get
 * @param {Source} source with its url
 * @param {(bytes: number, of: number) => void} progress bytes that came, of so many; 0 if not known
 * @returns {Promise<Uint8Array>} the file, unpacked
 */
export async function download(get, { url = "", bytes = 0, size = 0 }, progress) {
  const answer = await get(url);
  if (!answer.ok || !answer.body) throw new Error(`${url} could not be loaded (${answer.status}).`);
  const of = bytes || (answer.headers.get("content-encoding") ? 0 : Number(answer.headers.get("content-length")));
  const came = await collected(answer.body, (got) => progress(of ? Math.min(got, of) : got, of));
  const packed = isPacked(came); // some hosts unpack it on the way
  const expected = packed || !size ? bytes : size;
  if (expected && came.length !== expected)
    throw new Error(`${url} came incomplete: ${came.length} of ${expected} bytes.`);
  if (!packed) return came;
  const whole = new Blob([/** @type {BlobPart} */ (came)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(whole).arrayBuffer());
}

/** @param {Uint8Array} data */
const isPacked = (data) => data[0] === 0x1f && data[1] === 0x8b;

/**
 * @param {ReadableStream<Uint8Array>} stream
 * @param {(bytes: number) => void} progress
 */
async function collected(stream, progress) {
  const parts = [];
  let bytes = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    bytes += value.length;
    progress(bytes);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
