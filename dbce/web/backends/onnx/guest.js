// A network of the visitor's own in onnxruntime-web: what its file says of itself, and what its answer means. Twin of
// dbce/hub/guest_onnx.py and dbce/train/guests.py, whose sentences come with the page's settings. Touches no document.
import { enlarge, quantise, logSoftmax } from "../../core/logits.js";
import { resizeImage } from "../../core/resize.js";
import { say } from "../../core/say.js";

/** @typedef {import("./network.js").Runtime} Runtime */
/** @typedef {import("./network.js").Session} Session */
/**
 * What its owner says of it; "" where that is nothing.
 * @typedef {{normalise: string, channels: string, values: string}} Reading
 */
/**
 * What the page says of such networks, from dbce.page.settings.joining.
 * @typedef {object} Told
 * @property {Record<string, string>} sentences
 * @property {string} wanted maps of the task, in words
 * @property {Record<string, string>} normalise titles
 */
/** @typedef {{size: number, classes: number, name: string}} Task pixels a side of the page; classes; name */
/**
 * How a network is run.
 * @typedef {object} Plan
 * @property {string} file
 * @property {number} side pixels
 * @property {boolean} last whether the colours are the last axis
 * @property {boolean} bytes whether it takes whole numbers
 * @property {boolean} bgr
 * @property {string} normalise
 * @property {string} values "logits" or "probabilities"
 */
/** @typedef {{data: Float32Array, channels: number, side: number}} Maps channels * side * side */

/** What is said to the visitor. */
export class Refused extends Error {}

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const LIMIT = 32; // of a logit
const SLACK = 1e-3; // by which a probability may lie beyond 0 or 1
const SUM = 0.02;
const LEAST = 8; // pixels a side of a map

const count = (/** @type {number} */ n, /** @type {string} */ noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/**
 * How a file wants its image.
 * @param {Session} session
 * @param {string} file its name
 * @param {Reading} reading
 * @param {Told} told
 * @param {number} size pixels a side of the page
 * @returns {{plan: Plan, sized: string, normalised: string, ordered: string}}
 */
export function layoutOf({ inputMetadata }, file, reading, told, size) {
  const refuse = (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values) => {
    throw new Refused(say(told, key, { name: file, ...values }));
  };
  if (inputMetadata.length !== 1) refuse("inputs", { count: inputMetadata.length });
  const [{ type, shape: axes }] = inputMetadata;
  if (type !== "float32" && type !== "uint8") refuse("type", { type });
  const lengths = axes.map((/** @type {any} */ axis) => (typeof axis === "number" && axis > 0 ? axis : null));
  const shape = lengths.map((/** @type {number | null} */ axis) => axis ?? "?").join(" \u00d7 ");
  if (lengths.length !== 4) refuse("image", { shape });
  const last = lengths[1] !== 3 && lengths[3] === 3;
  const colours = last ? lengths[3] : lengths[1];
  if (colours !== null && colours !== 3) refuse("colours", { count: count(colours, "channel"), shape });
  if (lengths[0] !== null && lengths[0] !== 1) refuse("batch", { count: lengths[0] });
  const sides = (last ? lengths.slice(1, 3) : lengths.slice(2)).filter(Boolean);
  if (new Set(sides).size > 1) refuse("square", { shape });
  const side = sides[0] ?? size;
  const { sentences, normalise: titles } = told;
  const bytes = type === "uint8";
  const normalise = bytes ? "none" : reading.normalise || "imagenet";
  const mark = (/** @type {string} */ asked) => sentences[asked ? "said" : "guessed"];
  return {
    plan: { file, side, last, bytes, bgr: reading.channels === "BGR", normalise, values: "logits" },
    sized: sides.length ? (side === size ? sentences.fixed : say(told, "resized", { side: size })) : sentences.free,
    normalised: bytes ? sentences.bytes : titles[normalise] + mark(reading.normalise),
    ordered: mark(reading.channels),
  };
}

/**
 * What a network is given.
 * @param {Plan} plan
 * @param {Uint8Array} image size * size * 3, RGB
 * @param {number} size pixels a side of the page
 */
export function guestFeed({ side, last, bytes, bgr, normalise }, image, size) {
  const small = resizeImage(image, { width: size, height: size }, side, 3);
  const plane = side * side;
  const feed = bytes ? new Uint8Array(3 * plane) : new Float32Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    const from = bgr ? 2 - c : c;
    for (let i = 0; i < plane; i++) {
      const value = small[3 * i + from];
      const unit = normalise === "none" ? value : value / 255;
      const at = last ? 3 * i + c : c * plane + i;
      feed[at] = normalise === "imagenet" ? (unit - MEAN[from]) / STD[from] : unit;
    }
  }
  return feed;
}

/**
 * What a network answers, one map a class.
 * @param {Runtime} runtime
 * @param {Session} session
 * @param {Plan} plan
 * @param {Uint8Array} image size * size * 3, RGB
 * @param {number} size pixels a side of the page
 * @param {Told} told
 * @returns {Promise<Maps>}
 */
export async function mapsOf(runtime, session, plan, image, size, told) {
  const { file: name, side, last, bytes } = plan;
  const feed = /** @type {any} */ (guestFeed(plan, image, size));
  const dims = last ? [1, side, side, 3] : [1, 3, side, side];
  const tensor = new runtime.Tensor(/** @type {any} */ (bytes ? "uint8" : "float32"), feed, dims);
  let answer;
  try {
    const all = await session.run({ [session.inputMetadata[0].name]: tensor });
    answer = all[/** @type {any} */ (session).outputNames[0]];
  } catch (error) {
    throw new Refused(say(told, "run", { name, size: side, reason: reasonOf(error) }));
  }
  if (answer.type !== "float32") throw new Refused(say(told, "labels", { name, type: answer.type }));
  const data = /** @type {Float32Array} */ (answer.data);
  if (!data.every(Number.isFinite)) throw new Refused(say(told, "nan", { name }));
  let axes = [...answer.dims];
  if (axes.length === 3) axes = axes[0] === 1 ? [1, 1, axes[1], axes[2]] : [1, ...axes];
  const turned = axes.length === 4 && axes[3] < Math.min(axes[1], axes[2]);
  const [batch, channels, height, width] = turned ? [axes[0], axes[3], axes[1], axes[2]] : axes;
  if (axes.length !== 4 || batch !== 1 || height !== width || height < LEAST)
    throw new Refused(say(told, "maps", { name, shape: answer.dims.join(" \u00d7 ") }));
  if (!turned) return { data, channels, side: height };
  const plane = height * width;
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) for (let i = 0; i < plane; i++) out[c * plane + i] = data[channels * i + c];
  return { data: out, channels, side: height };
}

/** What a runtime says, in one line. @param {unknown} error */
export const reasonOf = (error) =>
  String(error instanceof Error ? error.message : error)
    .replace(/\s+/g, " ")
    .slice(0, 160)
    .replace(/\.$/, "");

/** @param {Float32Array} data */
function rangeOf(data) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high, inside: low >= -SLACK && high <= 1 + SLACK };
}

/**
 * What the values of its answer are, and how that is known.
 * @param {Maps} maps
 * @param {string} name of the file
 * @param {string} asked what its owner says
 * @param {Told} told
 * @param {string} image what it was tried on, in words
 * @returns {[string, string]}
 */
export function valuesOf({ data, channels, side }, name, asked, told, image) {
  const { low, high, inside } = rangeOf(data);
  if (asked === "probabilities" && !inside) throw new Refused(say(told, "outside", { name, low, high, image }));
  const plane = side * side;
  let off = 0;
  if (channels > 1)
    for (let i = 0; i < plane; i++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += data[c * plane + i];
      off = Math.max(off, Math.abs(sum - 1));
    }
  if (asked === "probabilities" && off > SUM) throw new Refused(say(told, "sums", { name }));
  if (asked) return [asked, told.sentences["you say"]];
  if (!inside) return ["logits", say(told, "range", { low, high, image })];
  if (channels > 1 && off <= SUM) return ["probabilities", say(told, "sum", { image })];
  throw new Refused(say(told, "which", { name, low, high, image }));
}

/**
 * What it says of an image, as a study holds it.
 * @param {Maps} maps
 * @param {Plan} plan
 * @param {Task} task
 * @param {Told} told
 * @returns {Int16Array} in steps: size * size logits of the object, or classes * size * size log-probabilities
 */
export function stepsOf({ data, channels, side }, { values, file }, { size, classes }, told) {
  const plane = side * side;
  let maps = data;
  if (values === "probabilities") {
    const { low, high, inside } = rangeOf(data);
    if (!inside) throw new Refused(say(told, "outside", { name: file, low, high, image: "this image" }));
    const log = (/** @type {number} */ p) => Math.log(p) - (channels === 1 ? Math.log1p(-p) : 0);
    maps = data.map((p) => Math.max(-LIMIT, Math.min(LIMIT, log(Math.max(0, Math.min(1, p))))));
  }
  if (classes === 2) {
    const logit = channels === 1 ? maps : new Float32Array(plane);
    if (channels === 2) for (let i = 0; i < plane; i++) logit[i] = maps[plane + i] - maps[i];
    return quantise(enlarge(logit, side, size));
  }
  return logSoftmax(enlarge(maps, side, size), size * size);
}

/**
 * A network that was tried on an image, and answered as one of the task does.
 * @param {Runtime} runtime
 * @param {Session} session
 * @param {string} file its name
 * @param {Reading} reading
 * @param {Uint8Array} image size * size * 3, RGB
 * @param {Task} task
 * @param {Told} told
 * @returns {Promise<{plan: Plan, about: string}>}
 */
export async function admitted(runtime, session, file, reading, image, task, told) {
  const { plan, sized, normalised, ordered } = layoutOf(session, file, reading, told, task.size);
  const maps = await mapsOf(runtime, session, plan, image, task.size, told);
  const { channels } = maps;
  const counted = count(channels, "map");
  if (channels !== task.classes && !(channels === 1 && task.classes === 2))
    throw new Refused(say(told, "classes", { name: file, maps: counted, task: task.name, wanted: told.wanted }));
  const [values, known] = valuesOf(maps, file, reading.values, told, "this image");
  plan.values = values;
  const squash = values === "logits" ? (channels === 1 ? ", sigmoid" : ", softmax") : "";
  const about = { name: file, size: plan.side, sized, channels: plan.bgr ? "BGR" : "RGB", ordered, normalised };
  return { plan, about: say(told, "about", { ...about, maps: counted, values, told: known, squash }) };
}
