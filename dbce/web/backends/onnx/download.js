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
 * A file, unpacked as it comes: what is packed is never held as a whole.
 * @param {Get} get
 * @param {Source} source with its url
 * @param {(bytes: number, of: number) => void} progress bytes that came, of so many; 0 if not known
 * @returns {Promise<Uint8Array>}
 */
export async function download(get, { url = "", bytes = 0, size = 0 }, progress) {
  const answer = await get(url);
  if (!answer.ok || !answer.body) throw new Error(`${url} could not be loaded (${answer.status}).`);
  const of = bytes || (answer.headers.get("content-encoding") ? 0 : Number(answer.headers.get("content-length")));
  const whole = new Whole(size || bytes);
  /** @type {ReturnType<typeof gunzip> | null} */
  let unpacking = null; // some hosts have done so on the way
  let came = 0;
  await each(answer.body, async (part) => {
    if (!came && isPacked(part)) unpacking = gunzip(whole);
    came += part.length;
    progress(of ? Math.min(came, of) : came, of);
    if (unpacking) await unpacking.write(part);
    else whole.add(part);
  });
  const expected = unpacking || !size ? bytes : size;
  if (expected && came !== expected) throw new Error(`${url} came incomplete: ${came} of ${expected} bytes.`);
  await unpacking?.end();
  return whole.bytes();
}

/** @param {Uint8Array} data */
const isPacked = (data) => data[0] === 0x1f && data[1] === 0x8b;

/**
 * @param {ReadableStream<Uint8Array>} stream
 * @param {(part: Uint8Array) => unknown} act waited for, part by part
 */
async function each(stream, act) {
  const reader = stream.getReader();
  for (let { done, value } = await reader.read(); !done && value; { done, value } = await reader.read())
    await act(value);
}

/** @param {Whole} whole where to put what is unpacked */
function gunzip(whole) {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const all = each(readable, (part) => whole.add(part));
  all.catch(() => {}); // told where it is waited for
  return {
    write: (/** @type {Uint8Array} */ part) => writer.write(/** @type {BufferSource} */ (part)),
    end: () => Promise.all([writer.close(), all]),
  };
}

/** Parts one after the other in one array, which has the right length at once where that is known. */
class Whole {
  length = 0;

  /** @param {number} size 0 if not known */
  constructor(size) {
    this.data = new Uint8Array(size);
  }

  /** @param {Uint8Array} part */
  add(part) {
    const { data, length } = this;
    if (length + part.length > data.length) {
      this.data = new Uint8Array(Math.max(length + part.length, 2 * length));
      this.data.set(data.subarray(0, length));
    }
    this.data.set(part, length);
    this.length += part.length;
  }

  bytes() {
    return this.length === this.data.length ? this.data : this.data.slice(0, this.length);
  }
}
