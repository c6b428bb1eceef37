// CT volumes and their labels: NIfTI, and the slices (.npz) and scans (.npy.h5) of TransUNet. Twin of
// dbce/data/volumes.py; DICOM stays with Python.
import { IGNORE } from "../core/dilation.js";
import { resizeImage, resizeLabels, rint } from "../core/resize.js";
import { readNifti } from "./nifti.js";
import { readNpz } from "./npz.js";
import { LABEL_MAX, RAW_MAX, renumberLabels } from "./numbering.js";
import { general, refusal } from "./refusal.js";
import { onOneGrid, placed } from "./world.js";

/** @typedef {{name: string, data: Uint8Array}} File */
/** @typedef {import("./stack.js").Stack} Stack */
/** @typedef {(data: Uint8Array, name: string) => Promise<Record<string, Stack>>} H5Reader */
/**
 * A scan at one size.
 * @typedef {object} Volume
 * @property {Uint8Array} grey depth * size * size, windowed, from the head down
 * @property {Uint8Array | null} labels depth * size * size
 * @property {number} depth
 * @property {[number, number]} shape height and width of a slice as it came
 * @property {string[]} notes
 * @property {string | null} numbering in which the labels were read, if they could be in the other as well
 */

/** Largest file that is opened, in bytes. */
export const MAX_BYTES = 64_000_000;

const WINDOW = [-125, 275]; // Hounsfield units
const WHOLE = 0.01; // how far a label may lie from a whole number

/**
 * Bytes of a volume file, and perhaps of its label volume, as a volume. Twin of read_volume.
 * @param {File} image
 * @param {File | null} mask
 * @param {number} size side in pixels of the result
 * @param {{numbering?: string | null, h5?: H5Reader}} options h5 reads HDF5, which is loaded only where it is needed
 * @returns {Promise<Volume>}
 */
export async function readVolume(image, mask, size, { numbering = null, h5 } = {}) {
  const opened = await open(image, h5);
  const scan = opened.image;
  if (!scan) throw refusal("no_image_array", { name: image.name });
  let labels = opened.label ?? null;
  if (mask) {
    const other = await open(mask, h5);
    labels = other.label ?? other.image ?? null;
  }
  const notes = [...scan.notes, ...(labels && mask ? labels.notes : [])];
  const aligned = !labels || onOneGrid(scan, labels);
  const grey = await greyOf(scan, size);
  const [depth, height, width] = scan.shape;
  const base = { grey, depth, shape: /** @type {[number, number]} */ ([height, width]) };
  if (!labels) return { ...base, labels: null, notes, numbering: null };
  let { values, found } = await valuesOf(labels);
  if (!aligned) {
    const there = placed(values, labels, scan);
    values = there.values;
    notes.push(there.note);
  }
  const read = renumberLabels(values, labels.name, numbering, found);
  const small = new Uint8Array(depth * size * size);
  for (let k = 0; k < depth; k++) {
    const plane = read.labels.subarray(k * height * width, (k + 1) * height * width);
    small.set(resizeLabels(plane, { width, height }, size), k * size * size);
  }
  return { ...base, labels: small, notes: [...notes, ...read.notes], numbering: read.numbering };
}

/**
 * Number of the slice with the most classes, of those the one with the largest objects; else the middle.
 * @param {Volume} volume
 */
export function fullest({ labels, depth }) {
  if (!labels) return depth >> 1;
  const count = labels.length / depth;
  let [best, most] = [0, [-1, -1]];
  for (let k = 0; k < depth; k++) {
    const seen = new Set();
    let area = 0;
    for (const label of labels.subarray(k * count, (k + 1) * count))
      if (label && label !== IGNORE) {
        seen.add(label);
        area++;
      }
    if (seen.size > most[0] || (seen.size === most[0] && area > most[1])) [best, most] = [k, [seen.size, area]];
  }
  return best;
}

/** @type {(file: File, h5?: H5Reader) => Promise<Record<string, Stack>>} */
async function open({ name, data }, h5) {
  const lower = name.toLowerCase();
  if (lower.endsWith(".nii") || lower.endsWith(".nii.gz")) return { image: await readNifti(data, name) };
  if (!lower.endsWith(".npz") && !(lower.endsWith(".h5") && h5)) throw refusal("no_volume", { name });
  const found = lower.endsWith(".npz") ? await readNpz(data, name) : await /** @type {H5Reader} */ (h5)(data, name);
  const stacks = Object.values(found);
  if (!stacks.length) throw refusal("no_image_array", { name });
  if (stacks.length > 1 && String(stacks[0].shape) !== String(stacks[1].shape)) throw refusal("other_shapes", { name });
  return found;
}

/** @type {(hu: number) => number} in float32, as numpy has it */
function windowed(hu) {
  const [low, high] = WINDOW;
  const above = Math.fround(Math.min(Math.max(hu, low), high) - low);
  return rint(Math.fround(above * Math.fround(255 / (high - low))));
}

/** @type {(scan: Stack, size: number) => Promise<Uint8Array>} */
async function greyOf(scan, size) {
  const [depth, height, width] = scan.shape;
  const grey = new Uint8Array(depth * size * size).fill(windowed(0));
  /** @type {Map<number, Uint8Array> | null} slices as if the scan were windowed, until one leaves [0, 1] */
  let shares = new Map();
  const bytes = new Uint8Array(height * width);
  for await (const { number, values, real } of scan.planes()) {
    let [least, most] = [Infinity, -Infinity];
    for (const value of values) {
      if (real && !Number.isFinite(value)) throw refusal("not_finite", { name: scan.name });
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (shares && least >= 0 && most <= 1) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = rint(Math.fround(Math.fround(values[i]) * 255));
      shares.set(number, resizeImage(bytes, { width, height }, size));
    } else {
      shares = null;
      for (let i = 0; i < bytes.length; i++) bytes[i] = windowed(Math.fround(values[i]));
      grey.set(resizeImage(bytes, { width, height }, size), number * size * size);
    }
  }
  for (const [number, plane] of shares ?? []) grey.set(plane, number * size * size);
  return grey;
}

/** @type {(labels: Stack) => Promise<{values: Uint8Array, found: number[]}>} label values as stored, and which occur */
async function valuesOf(labels) {
  const [depth, height, width] = labels.shape;
  const count = height * width;
  const out = new Uint8Array(depth * count);
  const seen = new Uint8Array(256);
  for await (const { number, values, real } of labels.planes()) {
    const used = new Uint8Array(256);
    for (let i = 0; i < count; i++) {
      const whole = real ? rint(values[i]) : values[i];
      if (!(Math.abs(values[i] - whole) <= WHOLE) || whole < 0 || whole > IGNORE) throw noLabels(labels.name, values);
      out[number * count + i] = whole;
      used[whole] = 1;
    }
    for (let value = 0; value < 256; value++) {
      if (used[value] && value > RAW_MAX && value < IGNORE) throw noLabels(labels.name, values);
      seen[value] |= used[value];
    }
  }
  return { values: out, found: [...seen.keys()].filter((value) => seen[value]) };
}

/** @type {(name: string, values: ArrayLike<number>) => Error} */
function noLabels(name, values) {
  const found = [...new Set(Array.from(values))].sort((a, b) => a - b);
  const shown =
    found
      .slice(0, 6)
      .map((value) => general(value))
      .join(", ") + (found.length > 6 ? ", ..." : "");
  return refusal("no_labels", { name, shown, most: LABEL_MAX, raw: RAW_MAX, ignore: IGNORE });
}
