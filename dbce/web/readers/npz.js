// The arrays of TransUNet's slices (.npz): plain numbers, deflated or stored. Twin of the first half of
// dbce/data/stored.py.
import { crc32 } from "./crc.js";
import { latin, viewOf } from "./formats.js";
import { inflateUpTo } from "./inflate.js";
import { refusal } from "./refusal.js";
import { bytesOf, checkShape, MAX_VOXELS, numbersOf } from "./stack.js";

/** @typedef {import("./stack.js").Stack} Stack */
/** @typedef {import("./stack.js").NumberType} NumberType */
/** @typedef {{packing: number, crc: number, packed: number, size: number, at: number}} Member */

const MAX_MEMBERS = 100;
const KEYS = ["image", "label"];
const MAX_HEADER = 70_000;
const MAX_ARRAY = 700_000_000; // bytes

/**
 * Bytes of a file -> its arrays by name.
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {Promise<Record<string, Stack>>}
 */
export async function readNpz(data, name) {
  if (latin(data, 0, 2) !== "PK") throw refusal("no_npz", { name });
  /** @type {Record<string, Stack>} */
  const found = {};
  try {
    const members = membersOf(data, name);
    for (const key of KEYS) {
      const member = members.get(`${key}.npy`);
      if (member) found[key] = await arrayOf(data, member, `${name} (${key})`);
    }
  } catch (error) {
    if (error instanceof RangeError) throw refusal("damaged", { name });
    throw error;
  }
  return found;
}

/** @typedef {{kind: NumberType, shape: number[], values: any}} Numbers row by row, whatever the order in the file */

/**
 * All of a file of numpy's.
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {Numbers}
 */
export function readNpy(data, name) {
  const { descr, fortran, shape, end } = headerOf(data, name);
  const { kind, little } = typeOf(descr, name);
  const count = shape.reduce((product, length) => product * length, 1);
  if (count > MAX_VOXELS)
    throw refusal("many_voxels", { name, count: Math.round(count / 1e6), most: MAX_VOXELS / 1e6 });
  if (data.length < end + count * bytesOf(kind)) throw refusal("damaged", { name });
  const numbers = numbersOf(data.subarray(end), kind, little, count);
  if (!fortran) return { kind, shape, values: numbers };
  const values = numbers.slice();
  for (let i = 0; i < count; i++) {
    let [rest, at, step] = [i, 0, count];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      step /= shape[axis];
      at += (rest % shape[axis]) * step;
      rest = Math.floor(rest / shape[axis]);
    }
    values[i] = numbers[at];
  }
  return { kind, shape, values };
}

/**
 * The names of the arrays in an archive, and what reads one of them.
 * @param {Uint8Array} data
 * @param {string} name
 */
export function archived(data, name) {
  const members = membersOf(data, name);
  const names = [...members.keys()].filter((key) => key.endsWith(".npy")).map((key) => key.slice(0, -4));
  return {
    names,
    read: async (/** @type {string} */ key) => {
      const member = /** @type {Member} */ (members.get(`${key}.npy`));
      return readNpy(await unpacked(data, member, name)(Math.min(member.size, MAX_ARRAY)), name);
    },
  };
}

/** @type {(data: Uint8Array, name: string) => Map<string, Member>} */
function membersOf(data, name) {
  const view = viewOf(data);
  let end = data.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw refusal("damaged", { name });
  const count = view.getUint16(end + 10, true);
  if (count > MAX_MEMBERS) throw refusal("many_members", { name, most: MAX_MEMBERS });
  /** @type {Map<string, Member>} */
  const members = new Map();
  for (let at = view.getUint32(end + 16, true), k = 0; k < count; k++) {
    if (view.getUint32(at, true) !== 0x02014b50) throw refusal("damaged", { name });
    const [crc, packed, size] = [16, 20, 24].map((place) => view.getUint32(at + place, true));
    const [named, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const local = view.getUint32(at + 42, true);
    const entry = { packing: view.getUint16(at + 10, true), crc, packed, size, at: local };
    members.set(latin(data, at + 46, at + 46 + named), entry);
    at += 46 + named + extra + comment;
  }
  return members;
}

/** @type {(data: Uint8Array, member: Member, name: string) => (most: number) => Promise<Uint8Array>} */
function unpacked(data, member, name) {
  if (![0, 8].includes(member.packing)) throw refusal("unusual_packing", { name });
  const view = viewOf(data);
  if (view.getUint32(member.at, true) !== 0x04034b50) throw refusal("damaged", { name: name.replace(/ \(\w+\)$/, "") });
  const start = member.at + 30 + view.getUint16(member.at + 26, true) + view.getUint16(member.at + 28, true);
  const raw = data.subarray(start, start + member.packed);
  return (most) => (member.packing ? inflateUpTo(raw, "deflate-raw", most) : Promise.resolve(raw.subarray(0, most)));
}

/** @type {(data: Uint8Array, member: Member, name: string) => Promise<Stack>} */
async function arrayOf(data, member, name) {
  const damaged = refusal("damaged", { name: name.replace(/ \(\w+\)$/, "") });
  const unpack = unpacked(data, member, name);
  const block = await unpack(Math.min(member.size, MAX_HEADER));
  if (block.length < Math.min(member.size, MAX_HEADER)) throw damaged;
  const header = headerOf(block, name);
  const shape = checkShape(header.shape, name);
  const type = typeOf(header.descr, name);
  const [depth, height, width] = shape;
  const count = depth * height * width;
  const total = header.end + count * bytesOf(type.kind);
  async function* planes() {
    const whole = await unpack(total);
    if (whole.length < total || (member.size === total && crc32(whole) !== member.crc)) throw damaged;
    const numbers = numbersOf(whole.subarray(header.end), type.kind, type.little, count);
    for (let number = 0; number < depth; number++) {
      let values = numbers.subarray(number * height * width, (number + 1) * height * width);
      if (header.fortran) {
        values = values.slice();
        for (let y = 0, i = 0; y < height; y++)
          for (let x = 0; x < width; x++, i++) values[i] = numbers[number + depth * (y + height * x)];
      }
      yield { number, values, real: type.kind[0] === "f" };
    }
  }
  return { name, shape, planes, affine: null, lost: false, notes: [] };
}

/** @type {(block: Uint8Array, name: string) => {descr: string, fortran: boolean, shape: number[], end: number}} */
function headerOf(block, name) {
  const no = refusal("no_array", { name });
  if (latin(block, 0, 6) !== "\x93NUMPY" || ![1, 2].includes(block[6])) throw no;
  const view = viewOf(block);
  const start = block[6] === 1 ? 10 : 12;
  const end = start + (block[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > block.length) throw no;
  const text = new TextDecoder("latin1").decode(block.subarray(start, end));
  const descr = /'descr':\s*'([^']*)'/.exec(text);
  const order = /'fortran_order':\s*(True|False)/.exec(text);
  const shape = /'shape':\s*\(([\d\s,]*)\)/.exec(text);
  if (!descr || !order || !shape) throw no;
  const lengths = shape[1].split(",").filter((part) => part.trim());
  return { descr: descr[1], fortran: order[1] === "True", shape: lengths.map(Number), end };
}

/** @type {(descr: string, name: string) => {kind: NumberType, little: boolean}} */
function typeOf(descr, name) {
  const found = /^([<>|=]?)([biuf][1248])$/.exec(descr);
  if (found && !["b2", "b4", "b8", "f1"].includes(found[2]))
    return { kind: /** @type {NumberType} */ (found[2]), little: found[1] !== ">" };
  /** @type {Record<string, string>} */
  const words = { "|O": "object", "<c8": "complex64", "<c16": "complex128", "<f16": "float128" };
  throw refusal("number_type", { name, kind: words[descr] ?? descr, bits: 64 });
}
