// Every map of a view by name, for programs. Twin of dbce.study.export.maps.
import { resizeLinear, resizeNearest } from "../core/resize.js";
import { png } from "./png.js";
import { zipped } from "./zip.js";

/** @typedef {"bool" | "uint8" | "float32"} Kind */
/** @typedef {{kind: Kind, values: Uint8Array | Float32Array, shape: number[]}} Numbers */
/**
 * What is asked for.
 * @typedef {object} Wanted
 * @property {any} study a Study or a LabelStudy
 * @property {Uint32Array} image its pixels as words
 * @property {Record<string, any>} view fields of the state
 * @property {string[]} networks in view
 * @property {number[]} radii of the tab Radius
 */

const DESCRIPTIONS = { bool: "|b1", uint8: "|u1", float32: "<f4" };

/**
 * As Python's, but that of several classes a page knows no probability.
 * @param {Wanted} wanted
 * @returns {Record<string, Numbers>}
 */
export function mapsOf({ study, image, view, networks, radii }) {
  const { size, labelled } = study;
  const square = [size, size];
  const floats = (/** @type {Float32Array} */ values) => made("float32", values, square);
  /** @type {Record<string, Numbers>} */
  const out = { image: made("uint8", colours(image), [size, size, 3]) };
  if (labelled) out.labels = made("uint8", study.labels, square);
  if (view.tab === "radius") {
    if (labelled) for (const r of radii) out[`weight_r${r}`] = floats(study.weightMap("dilated", r));
    return out;
  }
  const weight = labelled ? study.weightMap(view.weighting, view.radius) : new Float32Array(0);
  if (labelled) out.weight = floats(weight);
  for (const loss of networks) {
    if (study.classes.length > 2) addLabels(out, study, loss);
    else addProbability(out, study, loss, view.threshold);
    if (!labelled) continue;
    const entropy = study.crossEntropy(loss);
    out[`cross_entropy_${loss}`] = floats(entropy);
    out[`weighted_loss_${loss}`] = floats(entropy.map((/** @type {number} */ value, i) => value * weight[i]));
  }
  return out;
}

/** @type {(kind: Kind, values: Uint8Array | Float32Array, shape: number[]) => Numbers} */
const made = (kind, values, shape) => ({ kind, values, shape });

/** @type {(out: Record<string, Numbers>, study: any, loss: string) => void} */
function addLabels(out, study, loss) {
  const { size, shape } = study;
  const found = study.found(loss);
  const [height, width] = shape;
  out[`prediction_${loss}`] = made("uint8", found, [size, size]);
  const larger = resizeNearest(found, { width: size, height: size }, { width, height });
  out[`original_size_prediction_${loss}`] = made("uint8", larger, shape);
}

/** @type {(out: Record<string, Numbers>, study: any, loss: string, threshold: number) => void} */
function addProbability(out, study, loss, threshold) {
  const { size, shape, count } = study;
  const probability = Float32Array.from({ length: count }, (_, i) => study.probabilityAt(loss, i));
  const limit = study.limit(threshold);
  const [height, width] = shape;
  out[`probability_${loss}`] = made("float32", probability, [size, size]);
  const found = Uint8Array.from(study.logits(loss), (/** @type {number} */ z) => +(z > limit));
  out[`prediction_${loss}`] = made("bool", found, [size, size]);
  const larger = resizeLinear(probability, { width: size, height: size }, { width, height });
  const cut = Uint8Array.from(larger, (p) => +(p > Math.fround(threshold)));
  out[`original_size_prediction_${loss}`] = made("bool", cut, shape);
}

/** @param {Uint32Array} words */
function colours(words) {
  const out = new Uint8Array(3 * words.length);
  for (let i = 0; i < words.length; i++) for (let c = 0; c < 3; c++) out[3 * i + c] = (words[i] >> (8 * c)) & 255;
  return out;
}

/** @param {Record<string, Numbers>} maps as numpy.savez_compressed */
export const npzOf = (maps) =>
  zipped(Object.entries(maps).map(([name, map]) => ({ name: `${name}.npy`, data: npy(map) })));

/**
 * A file of numpy's, version 1.0.
 * @param {Numbers} map
 */
export function npy({ kind, values, shape }) {
  const sides = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const about = `{'descr': '${DESCRIPTIONS[kind]}', 'fortran_order': False, 'shape': ${sides}, }`;
  const length = Math.ceil((about.length + 11) / 64) * 64 - 10; // so that the numbers start at a multiple of 64
  const head = new TextEncoder().encode(`\x00NUMPY\x01\x00\x00\x00${about.padEnd(length - 1)}\n`);
  head[0] = 0x93;
  new DataView(head.buffer).setUint16(8, length, true);
  const out = new Uint8Array(head.length + values.byteLength);
  out.set(head);
  out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), head.length);
  return out;
}

/**
 * PNGs in a zip; `scales.json` tells by what a 16-bit value must be multiplied.
 * @param {Record<string, Numbers>} maps
 * @param {boolean} several whether labels keep their numbers
 */
export async function picturesOf(maps, several) {
  /** @type {Record<string, number>} */
  const scales = {};
  const entries = [];
  for (const [name, { kind, values, shape }] of Object.entries(maps)) {
    const [height, width] = shape;
    let pixels = /** @type {Uint8Array | Uint16Array} */ (values);
    if (kind === "float32") {
      const scale = (scales[name] = Math.max(most(values), 1e-30) / 65535);
      pixels = Uint16Array.from(values, (value) => Math.round(value / scale));
    } else if (shape.length === 2 && !several && most(values) < 2)
      pixels = Uint8Array.from(values, (value) => 255 * value);
    entries.push({ name: `${name}.png`, data: await png(pixels, { width, height }, shape.length === 3 ? 3 : 1) });
  }
  const text = new TextEncoder().encode(JSON.stringify(scales, null, 2));
  return zipped([...entries, { name: "scales.json", data: text }]);
}

/** @param {ArrayLike<number>} values */
function most(values) {
  let top = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > top) top = values[i];
  return top;
}
