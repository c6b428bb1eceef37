// Predictions of somebody's own network, of two classes: a file becomes logits on the page's grid, and it is said how.
// Twin of dbce/data/predictions.py.
import { quantise } from "../core/logits.js";
import { resizeImage, resizeMask } from "../core/resize.js";
import { latin } from "./formats.js";
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
 * @property {number} maps 1 or 2
 * @property {number} height
 * @property {number} width
 * @property {number} white the value that stands for 1 where probabilities are stored as whole numbers; else 1
 * @property {boolean} whole of a type of whole numbers
 */
/** @typedef {{steps: Int16Array, kind: Kind, note: string}} Prediction size * size logits of the object, in steps */

const CLASSES = 2;
const KEYS = ["probabilities", "probability", "softmax", "logits", "prediction"];
const LIMIT = 32; // of a logit
const FEW = 16; // whole numbers up to this may be labels of several classes as well as faint probabilities
const SUM = 0.02; // how far the probabilities of the classes may be from 1 in all
const ASPECT = 0.01; // relative difference of two shapes up to which one is the other, enlarged

/**
 * A prediction from a file, told by its content. Twin of read_file, without NIfTI.
 * @param {Uint8Array} data
 * @param {string} name
 * @param {import("./codec.js").Codec} [codec]
 * @returns {Promise<Raw>}
 */
export async function readPrediction(data, name, codec) {
  if (latin(data, 0, 6) === "\x93NUMPY") return fromArray(readNpy(data, name), name);
  if (latin(data, 0, 2) === "PK") return fromArray(await only(data, name), name);
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
  return fromArray({ kind, shape, values: upright(values, width, height, turn) }, name);
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
 * Axes of length 1 do not count. Twin of from_array.
 * @param {import("./npz.js").Numbers} array
 * @param {string} name
 * @returns {Raw}
 */
function fromArray({ kind, shape, values }, name) {
  let axes = shape.filter((length) => length !== 1);
  if (!axes.length) axes = [1];
  if (axes.length === 3 && axes[0] !== CLASSES && axes[2] === CLASSES) {
    const count = axes[0] * axes[1];
    const apart = values.slice();
    for (let i = 0; i < count; i++) for (let c = 0; c < CLASSES; c++) apart[c * count + i] = values[CLASSES * i + c];
    [values, axes] = [apart, [CLASSES, axes[0], axes[1]]];
  }
  if (![2, 3].includes(axes.length) || (axes.length === 3 && axes[0] !== CLASSES))
    throw refusal("prediction_shape", { name, words: shape.join(" x "), classes: CLASSES, same: CLASSES });
  const [height, width] = axes.slice(-2);
  checkShape([height, width], name);
  let strange = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) strange++;
  if (strange) throw refusal("strange_values", { name, count: strange });
  const white = { u1: 255, u2: 65535 }[/** @type {string} */ (kind)] ?? 1;
  return { name, values, maps: axes.length - 1, height, width, white, whole: kind[0] !== "f" };
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
 * @returns {Kind}
 */
export function kindOf(raw) {
  const { name, values, maps, white, whole } = raw;
  const { low, high } = rangeOf(raw);
  if (maps > 1) {
    if (low < 0 || high > 1) throw outside(raw, low, high);
    return "probabilities";
  }
  if (low >= 0 && (whole || isWhole(values)) && (high < CLASSES || hasTwoLevels(raw))) return "labels";
  if (whole && white > 1) {
    if (high < FEW)
      throw refusal("labels_or_shares", { name, low: general(low), high: general(high), classes: CLASSES, white });
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
 * @returns {Promise<Kind>}
 */
export async function decideKind(raws) {
  let [told, refused] = /** @type {[boolean, unknown]} */ ([false, null]);
  for await (const raw of raws)
    try {
      if (kindOf(raw) === "probabilities") return "probabilities";
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
 * @returns {Prediction}
 */
export function toGrid(raw, kind, shape, size) {
  const { name, values, maps, width, height } = raw;
  const resized = sizeSaid(raw, shape, size);
  const count = width * height;
  if (kind === "labels") {
    const mask = resizeMask(objectOf(raw), { width, height }, size, false);
    const steps = Int16Array.from(mask, (label) => (label ? 32767 : -32767));
    return { steps, kind, note: sentence("label_map", { name, resized }) };
  }
  const { low, high } = rangeOf(raw);
  const white = kind === "probabilities" ? raw.white : 1;
  const ends = { low: general(low, 3), high: general(high, 3) };
  let off = 0;
  if (kind === "probabilities") {
    if (low < 0 || high > white) throw outside(raw, low, high);
    if (maps > 1)
      for (let i = 0; i < count; i++) off = Math.max(off, Math.abs((values[i] + values[count + i]) / white - 1));
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

/** @param {Raw} raw where a label map has the object */
function objectOf(raw) {
  const { name, values, maps, width, height } = raw;
  const count = width * height;
  if (maps > 1) return Uint8Array.from({ length: count }, (_, i) => +(values[count + i] > values[i]));
  const levels = new Set();
  for (let i = 0; i < count && levels.size < 3; i++) levels.add(values[i]);
  if (levels.size > 2 || rangeOf(raw).low < 0) {
    kindOf(raw); // may know better what is wrong
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
