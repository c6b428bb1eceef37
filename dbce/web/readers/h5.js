// The arrays of TransUNet's scans (.npy.h5), through h5wasm, which is loaded only where such a file is opened. Twin of
// the second half of dbce/data/stored.py.
import { latin } from "./formats.js";
import { InputError, refusal, sentence } from "./refusal.js";
import { checkShape } from "./stack.js";

/** @typedef {import("./stack.js").Stack} Stack */
/** @typedef {any} H5 the module h5wasm */

const KEYS = ["image", "label"];
const [GROUP, DATASET, TYPE] = [0, 1, 2]; // what a name stands for
const [DEFLATE, SHUFFLE, LZF] = [1, 2, 32000]; // filters
const [INTEGER, FLOAT, ENUM] = [0, 1, 8]; // classes of types
/** @type {Record<number, string>} */
const KINDS = { 3: "text", 6: "records", 7: "references", 8: "named values", 9: "rows of varying length" };
KINDS[10] = "arrays within an array";

let count = 0; // of files that were opened

/**
 * What reads HDF5.
 * @param {() => Promise<H5>} load gives the module h5wasm, at the first file
 * @returns {(data: Uint8Array, name: string) => Promise<Record<string, Stack>>}
 */
export const h5Reader = (load) => async (data, name) => {
  if (latin(data, 0, 8) !== "\x89HDF\r\n\x1a\n") throw refusal("h5_none", { name });
  const h5 = await load();
  const module = await h5.ready;
  module.activate_throwing_error_handler(); // else what cannot be read comes out as whatever was in memory
  /**
   * @template T
   * @param {(file: any) => T} work
   * @returns {T}
   */
  const opened = (work) => {
    const path = `/opened-${count++}.h5`; // the library takes the same path for the same file
    module.FS.writeFile(path, data);
    let file = null;
    try {
      file = new h5.File(path, "r");
      return work(file);
    } catch (error) {
      throw error instanceof InputError ? error : refusal("damaged", { name });
    } finally {
      try {
        file?.close();
      } catch {
        // it was none
      }
      module.FS.unlink(path);
    }
  };
  return opened((file) => {
    /** @type {Record<string, Stack>} */
    const found = {};
    const keys = file.keys();
    for (const key of KEYS) if (keys.includes(key)) found[key] = stackOf(file, key, name, opened);
    return found;
  });
};

/** @type {(file: any, key: string, name: string, opened: (work: (file: any) => any) => any) => Stack} */
function stackOf(file, key, name, opened) {
  const whole = `${name} (${key})`;
  const where = sentence("h5_where", { name, key });
  const type = file.get_type(key);
  if (type === GROUP || type === TYPE)
    throw refusal("h5_kind", { name, key, kind: type === GROUP ? "a group" : "a type" });
  if (type !== DATASET) throw refusal("h5_link", { where });
  const found = file.get(key);
  if (found.metadata.virtual_sources?.length) throw refusal("h5_elsewhere", { where });
  const filters = found.filters.map((/** @type {{id: number}} */ { id }) => id);
  const packed = filters.filter((/** @type {number} */ id) => id !== SHUFFLE);
  const known = filters.every((/** @type {number} */ id) => [SHUFFLE, DEFLATE, LZF].includes(id));
  if (!known || packed.length > 1 || (packed.length && packed[0] !== filters[filters.length - 1]))
    throw refusal("h5_packing", { where });
  if (packed[0] === LZF) throw refusal("h5_packing", { where }); // Python reads it, h5wasm does not
  const { metadata } = found;
  const boolean = metadata.type === ENUM && metadata.size === 1;
  if (![INTEGER, FLOAT].includes(metadata.type) && !boolean)
    throw refusal("h5_values", { where, kind: KINDS[metadata.type] ?? "values of an unusual type" });
  if (metadata.size > 8) throw refusal("number_type", { name: whole, kind: `float${8 * metadata.size}`, bits: 64 });
  const shape = checkShape(metadata.shape ?? [], whole);
  const [depth, height, width] = shape;
  const real = metadata.type === FLOAT;
  async function* planes() {
    const steps = metadata.shape.length === 3 ? (metadata.chunks?.[0] ?? 1) : 1;
    for (let start = 0; start < depth; start += steps) {
      const end = Math.min(start + steps, depth);
      /** @type {ArrayLike<number | bigint>} */
      const values = opened((again) => {
        const dataset = again.get(key);
        return metadata.shape.length === 2 ? dataset.value : dataset.slice([[start, end], [], []]);
      });
      for (let number = start; number < end; number++) {
        const from = (number - start) * height * width;
        const plane = Array.prototype.slice.call(values, from, from + height * width);
        yield { number, values: plainOf(plane, metadata), real };
      }
    }
  }
  return { name: whole, shape, planes, affine: null, lost: false, notes: [] };
}

/** @type {(values: (number | bigint)[], metadata: {size: number, type: number}) => Float32Array | Float64Array} */
const plainOf = (values, { size, type }) =>
  type === FLOAT && size <= 4 ? Float32Array.from(values, Number) : Float64Array.from(values, Number);
