// Predictions of somebody's own network: a file becomes logits on the page's grid, and it is said how.
// Twin of dbce/data/predictions.py.
import { quantise } from "../core/logits.js";
import { resizeImage, resizeLabels, resizeMask } from "../core/resize.js";
import { latin } from "./formats.js";
import { readNifti } from "./nifti.js";
import { archived, readNpy } from "./npz.js";
import { decode } from "./pictures.js";
import { deepNumbers, hasAlpha, upright } from "./raster.js";
import { general, InputError, refusal, sentence } from "./refusal.js";
import { checkShape } from "./stack.js";

/** @typedef {"probabilities" | "logits" | "labels"} Kind what the values of a prediction can be */
/**
 * A prediction before it is said what its values mean.
 * @typedef {object} Raw
 * @property {string} name
 * @property {ArrayLike<number>} values height * width, or one map a class, one after the other
 * @property {number} maps 1, or as many as there are classes
 * @property {number} height
 * @property {number} width
 * @property {number} white the value that stands for 1 where probabilities are stored as whole numbers; else 1
 * @property {boolean} whole of a type of whole numbers
 */
/**
 * A prediction on the page's grid.
 * @typedef {object} Prediction
 * @property {Int16Array} steps size * size logits of the object; of more than two classes one log-probability after the
 *   other, classes * size * size
 * @property {Kind} kind
 * @property {string} note how it was read
 */

const KEYS = ["probabilities", "probability", "softmax", "logits", "prediction"];
const LIMIT = 32; // of a logit
const MOST = 32767; // of its steps
const FEW = 16; // whole numbers up to this may be labels of several classes as well as faint probabilities
const SUM = 0.02; // how far the probabilities of the classes may be from 1 in all
const ASPECT = 0.01; // relative difference of two shapes up to which one is the other, enlarged

/**
 * A prediction from a file, told by its content. Twin of read_file.
 * @param {Uint8Array} data
 * @param {string} name
 * @param {number} classes
 * @param {import("./codec.js").Codec} [codec]
 * @returns {Promise<Raw>}
 */
export async function readPrediction(data, name, classes, codec) {
  if (latin(data, 0, 6) === "\x93NUMPY") return fromArray(readNpy(data, name), name, classes);
  if (latin(data, 0, 2) === "PK") return fromArray(await only(data, name), name, classes);
  if (/\.nii(\.gz)?$/i.test(name)) return fromArray(await stacked(data, name, classes), name, classes);
  const decoded = await decode(data, name, codec);
  const { width, height, turn, mode } = decoded;
  let values = deepNumbers(decoded) ?? decoded.data;
  const channels = { RGB: 3, RGBA: 4, LA: 2 }[/** @type {string} */ (mode)] ?? 1;
  if (channels > 1) {
    let grey = !hasAlpha(decoded);
    for (let i = 0; grey && i < values.length; i += 3)
      grey = values[i] === values[i + 1] && values[i] === values[i + 2];
    if (!grey) throw refusal("colour_prediction", { name });
    values = values.filter((/** @type {number} */ _, /** @type {number} */ i) => i % 3 === 0);
  }
  const shape = turn >= 5 ? [width, height] : [height, width];
  const kind =
    values instanceof Uint8Array ? "u1" : values instanceof Uint16Array ? "u2" : isReal(values) ? "f4" : "i4";
  return fromArray({ kind, shape, values: upright(values, width, height, turn) }, name, classes);
}

/**
 * The planes of a NIfTI file, one after the other, where they are no more than a prediction has.
 * @param {Uint8Array} data
 * @param {string} name
 * @param {number} classes
 * @returns {Promise<import("./npz.js").Numbers>}
 */
async function stacked(data, name, classes) {
  const { shape, planes } = await readNifti(data, name);
  axesOf(shape, name, classes);
  const found = [];
  for await (const { values, real } of planes()) found.push({ values, real });
  const [{ values: first, real }] = found;
  const values = new first.constructor(found.length * first.length);
  found.forEach((plane, k) => values.set(plane.values, k * first.length));
  const kind = real ? "f8" : first instanceof Uint8Array ? "u1" : first instanceof Uint16Array ? "u2" : "i4";
  return { kind, shape, values };
}

/** @param {any} values */
const isReal = (values) => values instanceof Float32Array || values instanceof Float64Array;

/** The one array of an .npz, or that of a known name. @param {Uint8Array} data @param {string} name */
async function only(data, name) {
  const { names, read } = archived(data, name);
  const known = KEYS.filter((key) => names.includes(key));
  if (!known.length && names.length > 1)
    throw refusal("several_arrays", { name, names: names.slice(0, 5).join(", "), key: KEYS[0] });
  if (!names.length) throw refusal("empty_archive", { name });
  return read(known[0] ?? names[0]);
}

/**
 * The axes of a prediction, without those of length 1.
 * @param {number[]} shape
 * @param {string} name
 * @param {number} classes
 * @returns {{axes: number[], last: boolean}} one map or one a class, and whether the classes come last in the file
 */
function axesOf(shape, name, classes) {
  let axes = shape.filter((length) => length !== 1);
  if (!axes.length) axes = [1];
  const last = axes.length === 3 && axes[0] !== classes && axes[2] === classes;
  if (last) axes = [classes, axes[0], axes[1]];
  if (![2, 3].includes(axes.length) || (axes.length === 3 && axes[0] !== classes))
    throw refusal("prediction_shape", { name, words: shape.join(" x "), classes, same: classes });
  return { axes, last };
}

/**
 * Twin of from_array.
 * @param {import("./npz.js").Numbers} array
 * @param {string} name
 * @param {number} classes
 * @returns {Raw}
 */
function fromArray({ kind, shape, values }, name, classes) {
  const { axes, last } = axesOf(shape, name, classes);
  const [height, width] = axes.slice(-2);
  const count = height * width;
  if (last) {
    const apart = values.slice();
    for (let i = 0; i < count; i++) for (let c = 0; c < classes; c++) apart[c * count + i] = values[classes * i + c];
    values = apart;
  }
  checkShape([height, width], name);
  let strange = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) strange++;
  if (strange) throw refusal("strange_values", { name, count: strange });
  const white = { u1: 255, u2: 65535 }[/** @type {string} */ (kind)] ?? 1;
  const maps = axes.length === 3 ? classes : 1;
  return { name, values, maps, height, width, white, whole: kind[0] !== "f" };
}

/** @param {Raw} raw */
function rangeOf({ values }) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return { low, high };
}

/** @param {Raw} raw @param {number} low @param {number} high */
const outside = ({ name }, low, high) => refusal("outside", { name, low: general(low), high: general(high) });

/**
 * What the values of one map are, as far as they tell. Twin of kind_of.
 * @param {Raw} raw
 * @param {number} classes
 * @returns {Kind}
 */
export function kindOf(raw, classes) {
  const { name, values, maps, white, whole } = raw;
  const { low, high } = rangeOf(raw);
  const several = classes > 2;
  if (maps > 1) {
    if (low < 0 || high > 1) throw outside(raw, low, high);
    return "probabilities";
  }
  if (low >= 0 && (whole || isWhole(values)) && (high < classes || (!several && hasTwoLevels(raw)))) return "labels";
  const ends = { name, low: general(low), high: general(high) };
  if (several) throw refusal("organ_values", { ...ends, last: classes - 1 });
  if (whole && white > 1) {
    if (high < FEW) throw refusal("labels_or_shares", { ...ends, classes, white });
    return "probabilities";
  }
  if (low < 0 || high > 1) throw outside(raw, low, high);
  return "probabilities";
}

/** @param {ArrayLike<number>} values */
function isWhole(values) {
  for (let i = 0; i < values.length; i++) if (!Number.isInteger(values[i])) return false;
  return true;
}

/** @param {Raw} raw whether it holds nothing but 0 and the whitest value */
function hasTwoLevels({ values, white }) {
  const top = white > 1 ? white : 255;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0 && values[i] !== top) return false;
  return true;
}

/**
 * What the values of all maps of a set are: as those tell that hold more than two levels. Twin of decide_kind.
 * @param {AsyncIterable<Raw>} raws no more of them are asked for than are needed
 * @param {number} classes
 * @returns {Promise<Kind>}
 */
export async function decideKind(raws, classes) {
  let [told, refused] = /** @type {[boolean, unknown]} */ ([false, null]);
  for await (const raw of raws)
    try {
      if (kindOf(raw, classes) === "probabilities") return "probabilities";
      told = true;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused ??= error;
    }
  if (refused && !told) throw refused;
  return "labels";
}

/**
 * A prediction on the page's grid. Twin of to_grid.
 * @param {Raw} raw
 * @param {Kind} kind
 * @param {[number, number]} shape height and width of its image
 * @param {number} size pixels a side of the page
 * @param {number} classes
 * @returns {Prediction}
 */
export function toGrid(raw, kind, shape, size, classes) {
  const { name, values, maps, width, height } = raw;
  const resized = sizeSaid(raw, shape, size);
  const count = width * height;
  const several = classes > 2;
  if (kind === "labels") {
    const steps = several ? stepsOfLabels(raw, size, classes) : stepsOfObject(raw, size, classes);
    return { steps, kind, note: sentence("label_map", { name, resized }) };
  }
  const { low, high } = rangeOf(raw);
  const white = kind === "probabilities" ? raw.white : 1;
  const ends = { low: general(low, 3), high: general(high, 3) };
  if (kind === "probabilities" && (low < 0 || high > white)) throw outside(raw, low, high);
  if (several && maps === 1) throw refusal(kind === "logits" ? "one_logit_map" : "one_map", { name, classes });
  if (kind === "probabilities") {
    const off = maps > 1 ? offOf(raw) : 0;
    if (off > SUM) throw refusal("class_sum", { name, off: general(off, 2) });
  }
  const at = (/** @type {number} */ i) => (maps > 1 ? values[count + i] : values[i]);
  const logitAt = (/** @type {number} */ i) => (maps > 1 ? values[count + i] - values[i] : values[i]);
  const said =
    kind === "logits"
      ? sentence("as_logits", ends)
      : white > 1
        ? sentence("as_shares", { white })
        : sentence("as_probabilities", ends);
  const note = sentence("read_as", { name, said, resized });
  if (several) return { steps: stepsOfMaps(raw, kind === "logits", white, size), kind, note };
  const logits = new Float64Array(size * size);
  if (kind === "logits" && width === size && height === size)
    for (let i = 0; i < count; i++) logits[i] = logitAt(i); // as they are, where nothing is averaged
  else {
    const map = Float64Array.from({ length: count }, (_, i) =>
      kind === "logits" ? 1 / (1 + Math.exp(-Math.min(700, Math.max(-700, logitAt(i))))) : at(i) / white,
    );
    const grid = width === size && height === size ? map : resizeImage(map, { width, height }, size);
    for (let i = 0; i < grid.length; i++) {
      const p = Math.min(1, Math.max(0, grid[i]));
      logits[i] = Math.min(LIMIT, Math.max(-LIMIT, Math.log(p) - Math.log1p(-p)));
    }
  }
  const steps = quantise(logits);
  for (let i = 0; i < steps.length; i++) if (steps[i] === 0 && logits[i] > 0) steps[i] = 1;
  return { steps, kind, note };
}

/** @param {Raw} raw how far the sum of the probabilities of a pixel is from 1, at most */
function offOf({ values, maps, width, height, white }) {
  const count = width * height;
  let off = 0;
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let c = 0; c < maps; c++) sum += values[c * count + i] / white;
    off = Math.max(off, Math.abs(sum - 1));
  }
  return off;
}

/** @type {(raw: Raw, size: number, classes: number) => Int16Array} */
function stepsOfObject(raw, size, classes) {
  const mask = resizeMask(objectOf(raw, classes), raw, size, false);
  return Int16Array.from(mask, (label) => (label ? MOST : -MOST));
}

/** Of several classes, as log-probabilities. @type {(raw: Raw, size: number, classes: number) => Int16Array} */
function stepsOfLabels(raw, size, classes) {
  const { name, values, maps } = raw;
  const { low, high } = rangeOf(raw);
  if (maps === 1 && (low < 0 || high >= classes || !isWhole(values)))
    throw refusal("label_numbers", { name, low: general(low), high: general(high), last: classes - 1 });
  const labels = resizeLabels(maps === 1 ? Uint8Array.from(values) : likeliest(raw), raw, size);
  const steps = new Int16Array(classes * size * size).fill(-MOST);
  labels.forEach((label, i) => (steps[label * size * size + i] = 0));
  return steps;
}

/** Of one map a class, the same. @type {(raw: Raw, logits: boolean, white: number, size: number) => Int16Array} */
function stepsOfMaps({ values, maps, width, height }, logits, white, size) {
  const count = width * height;
  const shares = Float64Array.from(values, (value) => value / white);
  for (let i = 0; logits && i < count; i++) {
    let [most, sum] = [-Infinity, 0];
    for (let k = i; k < shares.length; k += count) most = Math.max(most, shares[k]);
    for (let k = i; k < shares.length; k += count) sum += shares[k] = Math.exp(shares[k] - most);
    for (let k = i; k < shares.length; k += count) shares[k] /= sum;
  }
  const pixels = size * size;
  const out = new Float64Array(maps * pixels);
  for (let c = 0; c < maps; c++) {
    const map = shares.subarray(c * count, (c + 1) * count);
    const grid = width === size && height === size ? map : resizeImage(map, { width, height }, size);
    for (let i = 0; i < pixels; i++) out[c * pixels + i] = Math.min(1, Math.max(0, grid[i]));
  }
  for (let i = 0; i < pixels; i++) {
    let sum = 0;
    for (let k = i; k < out.length; k += pixels) sum += out[k];
    for (let k = i; k < out.length; k += pixels) out[k] = Math.max(Math.log(out[k] / sum), -LIMIT);
  }
  return quantise(out);
}

/** The most probable class of every pixel, the first of several. @param {Raw} raw */
function likeliest({ values, maps, width, height }) {
  const count = width * height;
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++)
    for (let c = 1; c < maps; c++) if (values[c * count + i] > values[labels[i] * count + i]) labels[i] = c;
  return labels;
}

/** Where a label map has the object. @param {Raw} raw @param {number} classes */
function objectOf(raw, classes) {
  const { name, values, maps, width, height } = raw;
  const count = width * height;
  if (maps > 1) return Uint8Array.from({ length: count }, (_, i) => +(values[count + i] > values[i]));
  const levels = new Set();
  for (let i = 0; i < count && levels.size < 3; i++) levels.add(values[i]);
  if (levels.size > 2 || rangeOf(raw).low < 0) {
    kindOf(raw, classes); // may know better what is wrong
    throw refusal("many_levels", { name });
  }
  return Uint8Array.from({ length: count }, (_, i) => +(values[i] !== 0));
}

/** @type {(raw: Raw, shape: [number, number], size: number) => string} what to say of another size than the image's */
function sizeSaid({ name, width, height }, shape, size) {
  if (height === shape[0] && width === shape[1]) return "";
  if (Math.abs((height * shape[1]) / (width * shape[0]) - 1) <= ASPECT)
    return sentence("is_resized", { width, height });
  if (height === size && width === size) return sentence("at_page_size", { size, same: size });
  const words = sentence("other_size", { name, width, height, image_width: shape[1], image_height: shape[0] });
  const turned = width === shape[0] && height === shape[1] ? sentence("is_turned") : "";
  throw refusal("save_at_size", { words, turned });
}
