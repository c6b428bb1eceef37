// Reading a mask: which pixels are the object, found the same way in every kind of file, or a sentence of why not. Twin
// of dbce/data/masks.py.
import { IGNORE } from "../core/dilation.js";
import { SNAP, colour, percent, split } from "./levels.js";
import { decode } from "./pictures.js";
import { deepNumbers, hasAlpha, rgba, shrinking, sizeOf, upright } from "./raster.js";
import { general, refusal } from "./refusal.js";

/** @typedef {import("./raster.js").Decoded} Decoded */
/** @typedef {import("./raster.js").Values} Values */
/** @typedef {import("./codec.js").Codec} Codec */
/** @typedef {{values: Values | number[], width: number, height: number}} Grid */
/** @typedef {"numbers" | "shades" | "alpha" | "colours" | "doubt" | "single"} Kind */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{words: string, light: number}} Level */
/**
 * A mask, or labels of several classes.
 * @typedef {object} Mask
 * @property {Uint8Array} labels height * width: 0 background, 1 object (or the number of a class), 255 ignored
 * @property {number} width of the labels
 * @property {number} height of the labels
 * @property {string} rule how it was read: "object: value 1"
 * @property {{width: number, height: number}} size as it came, upright
 * @property {number} orientation what its EXIF says, 1 to 8
 * @property {string | null} numbering of labels of organs, if they could be in the other one as well
 * @property {string[]} notes further sentences on how it was read
 */
/**
 * A mask file before it is said which of its levels is the object.
 * @typedef {object} Levels
 * @property {string} name
 * @property {Kind} kind
 * @property {Level[]} levels the darker, transparent or lower one first
 * @property {Uint8Array} where the index of a pixel's level, or `IGNORE`
 * @property {number} width
 * @property {number} height
 * @property {number} border share of the border that the second level holds
 * @property {number} share share of all pixels that the second level holds
 * @property {{width: number, height: number}} size
 * @property {number} orientation
 */

const SURROUNDS = 0.95; // share of the border that a level must hold to be what surrounds the object
const COVERS = 0.75; // share of the border that tells the background of two colours neither of which is black
const LABEL_MAX = 32; // grey values that all lie below this are numbers of classes, not shades

/**
 * Bytes of a mask file -> background, object and ignored pixels.
 * @param {Uint8Array} data
 * @param {string} name
 * @param {Codec} [codec]
 * @returns {Promise<Mask>}
 */
export async function readMask(data, name, codec) {
  return maskOf(levelsOf(await decode(data, name, codec)));
}

/**
 * Bytes of a label image -> grey values or palette indices from 0 to `classes - 1`; 255 is ignored.
 * @param {Uint8Array} data
 * @param {string} name
 * @param {number} classes
 * @param {Codec} [codec]
 * @returns {Promise<Mask>}
 */
export async function readLabels(data, name, classes, codec) {
  const decoded = await decode(data, name, codec);
  const grid = numbersOf(decoded, true);
  if (!grid) throw refusal("colour_labels", { name, most: classes - 1 });
  const found = unique(grid.values);
  checkWhole(found, name);
  const wrong = found.filter((value) => value >= classes && value !== IGNORE);
  if (wrong.length)
    throw refusal("large_labels", { name, value: general(wrong[wrong.length - 1]), most: classes - 1, ignore: IGNORE });
  const known = found.filter((value) => value !== IGNORE);
  const { width, height } = decoded.turn >= 5 ? { width: grid.height, height: grid.width } : grid;
  return {
    labels: upright(
      bytesOf(grid.values, (value) => value),
      grid.width,
      grid.height,
      decoded.turn,
    ),
    width,
    height,
    rule: known.length ? `labels: ${listed(known)}` : "all ignored",
    size: sizeOf(decoded),
    orientation: decoded.said,
    numbering: null,
    notes: [],
  };
}

/**
 * The rule of a mask and how many pixels it found.
 * @param {Mask} mask
 */
export function sentenceOf({ labels, rule }) {
  let [ones, ignored] = [0, 0];
  for (const label of labels) {
    if (label === 1) ones++;
    if (label === IGNORE) ignored++;
  }
  const counted = labels.length - ignored;
  const words = rule.startsWith("object") ? `${rule}, ${percent(ones / (counted || 1))} of the pixels` : rule;
  return words + (ignored ? `; ${percent(1 - counted / labels.length)} are ignored (value ${IGNORE})` : "");
}

/**
 * The levels of a mask file. Twin of read_levels.
 * @param {Decoded} decoded
 * @returns {Levels}
 */
export function levelsOf(decoded) {
  const { mode, name } = decoded;
  if (hasAlpha(decoded)) return levelsOfTransparent(decoded);
  if (mode === "P") {
    const grid = reduced(decoded);
    const palette = /** @type {Uint8Array} */ (decoded.palette);
    const used = unique(grid.values);
    const colours = used.map((index) => [...palette.subarray(3 * index, 3 * index + 3)]);
    const distinct = new Set(colours.map(String)).size;
    const voc = String(used) === `0,1,${IGNORE}`;
    if (distinct < used.length || (voc && Math.max(...colours[1]) > Math.min(...colours[1])))
      return ofNumbers(decoded, grid);
    const pixels = new Uint8Array(3 * grid.values.length);
    for (let i = 0; i < grid.values.length; i++)
      for (let c = 0; c < 3; c++) pixels[3 * i + c] = palette[3 * grid.values[i] + c];
    const levels = ofColours(decoded, pixels, grid);
    const open = levels.kind === "colours" && backgroundOf(levels) === null;
    return open && String(used) === "0,1" ? ofNumbers(decoded, grid) : levels;
  }
  const numbers = numbersOf(decoded, false);
  if (numbers) return ofNumbers(decoded, numbers);
  const grid = reduced({ ...decoded, name });
  return ofColours(decoded, grid.values, grid);
}

/** @param {Decoded} decoded @returns {Levels} */
function levelsOfTransparent(decoded) {
  const { width, height } = decoded;
  const whole = rgba(decoded);
  const by = shrinking(decoded);
  const grid = by > 1 ? nearest({ values: whole, width, height }, by, 4) : { values: whole, width, height };
  const count = grid.width * grid.height;
  const pixels = new Uint8Array(3 * count);
  const alpha = new Uint8Array(count);
  let [least, most] = [255, 0];
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = grid.values[4 * i + c];
    alpha[i] = grid.values[4 * i + 3];
    [least, most] = [Math.min(least, alpha[i]), Math.max(most, alpha[i])];
  }
  if (least !== most) {
    const range = [255, 255, 255, 0, 0, 0];
    for (let i = 0; i < count; i++)
      for (let c = 0; alpha[i] === most && c < 3; c++) {
        range[c] = Math.min(range[c], pixels[3 * i + c]);
        range[3 + c] = Math.max(range[3 + c], pixels[3 * i + c]);
      }
    if (Math.max(...[0, 1, 2].map((c) => range[3 + c] - range[c])) <= 2 * SNAP) {
      const { where } = split({ values: alpha, width: grid.width, height: grid.height, channels: 1 }, decoded.name);
      const levels = [{ words: "transparent", light: 0 }, { words: "opaque", light: 255 }]; // prettier-ignore
      return leveled(decoded, "alpha", levels, where, grid);
    }
    for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor((pixels[i] * alpha[Math.floor(i / 3)]) / 255);
  }
  return ofColours(decoded, pixels, grid);
}

/** @type {(decoded: Decoded) => Grid} of a very large picture every second or third pixel */
function reduced(decoded) {
  const { data, width, height, mode } = decoded;
  const by = shrinking(decoded);
  return by > 1
    ? nearest({ values: data, width, height }, by, mode === "RGB" ? 3 : 1)
    : { values: data, width, height };
}

/** @type {(grid: Grid, by: number, channels: number) => Grid} as Pillow's resize with its nearest filter */
function nearest({ values, width, height }, by, channels) {
  const [w, h] = [Math.ceil(width / by), Math.ceil(height / by)];
  const out = new Uint8Array(w * h * channels);
  for (let y = 0, i = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const [u, v] = [Math.floor((x + 0.5) * (width / w)), Math.floor((y + 0.5) * (height / h))];
      for (let c = 0; c < channels; c++, i++) out[i] = values[(v * width + u) * channels + c];
    }
  return { values: out, width: w, height: h };
}

/** @type {(decoded: Decoded, indices: boolean) => Grid | null} */
function numbersOf(decoded, indices) {
  const { mode, bilevel, width, height } = decoded;
  const deep = deepNumbers(decoded);
  if (deep) {
    const by = shrinking(decoded);
    if (by === 1) return { values: deep, width, height };
    const half = Math.floor(by / 2);
    const [w, h] = [Math.ceil((width - half) / by), Math.ceil((height - half) / by)];
    const out = [];
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) out.push(deep[(half + y * by) * width + half + x * by]);
    return { values: Float64Array.from(out), width: w, height: h };
  }
  if (mode !== "L" && !(mode === "P" && indices)) return null;
  const grid = reduced(decoded);
  return bilevel && indices ? { ...grid, values: bytesOf(grid.values, (value) => value & 1) } : grid;
}

/** @param {ArrayLike<number>} values those that occur, in order */
function unique(values) {
  if (values instanceof Uint8Array) {
    const seen = new Uint8Array(256);
    for (let i = 0; i < values.length; i++) seen[values[i]] = 1;
    return [...seen.keys()].filter((value) => seen[value]);
  }
  const seen = new Set();
  for (let i = 0; i < values.length; i++) if (!i || values[i] !== values[i - 1]) seen.add(values[i]);
  return [...seen].sort((a, b) => a - b);
}

/** @type {(found: number[], name: string) => void} */
function checkWhole(found, name) {
  if (found[0] < 0 || found.some((value) => !Number.isInteger(value)))
    throw refusal("not_whole_numbers", { name, values: listed(found) });
}

/** @param {number[]} values */
export const listed = (values) =>
  values
    .slice(0, 8)
    .map((value) => general(value))
    .join(", ") + (values.length > 8 ? `, ... ${general(values[values.length - 1])}` : "");

/** @type {(values: ArrayLike<number>, of: (value: number) => number) => Uint8Array} */
function bytesOf(values, of) {
  const out = new Uint8Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = of(values[i]);
  return out;
}

/** @param {number} value @returns {Level} */
const valueLevel = (value) => ({ words: `value ${general(value)}`, light: Math.min(value, 255) });

/** @type {(low: number, high: number) => boolean} whether the lower value is nearly black beside the higher one */
const isDark = (low, high) => low <= 0.13 * high;

/** @type {(decoded: Decoded, grid: Grid) => Levels} */
function ofNumbers(decoded, grid) {
  const { name } = decoded;
  const { values } = grid;
  const found = unique(values);
  checkWhole(found, name);
  const shown = String(found);
  if (found.length === 1)
    return leveled(decoded, "single", [valueLevel(found[0])], new Uint8Array(values.length), grid);
  if (shown === `1,${IGNORE}`)
    return leveled(
      decoded,
      "doubt",
      found.map(valueLevel),
      bytesOf(values, (v) => +(v === IGNORE)),
      grid,
    );
  if (shown === `0,1,${IGNORE}`)
    return leveled(
      decoded,
      "numbers",
      [0, 1].map(valueLevel),
      bytesOf(values, (value) => value),
      grid,
    );
  if (found.length === 2) {
    const kind = found[1] <= LABEL_MAX ? "numbers" : isDark(found[0], found[1]) ? "shades" : "colours";
    return leveled(
      decoded,
      kind,
      found.map(valueLevel),
      bytesOf(values, (v) => +(v === found[1])),
      grid,
    );
  }
  if (found[found.length - 1] <= LABEL_MAX)
    throw refusal("many_classes", { name, count: found.length, values: listed(found) });
  const { where, ends } = split({ values, width: grid.width, height: grid.height, channels: 1 }, name);
  const [[low], [high]] = ends;
  return leveled(decoded, isDark(low, high) ? "shades" : "colours", [low, high].map(valueLevel), where, grid);
}

/** @type {(decoded: Decoded, pixels: ArrayLike<number>, grid: {width: number, height: number}) => Levels} */
function ofColours(decoded, pixels, { width, height }) {
  const count = width * height;
  let grey = true;
  for (let i = 0; grey && i < 3 * count; i += 3) grey = pixels[i] === pixels[i + 1] && pixels[i] === pixels[i + 2];
  if (grey) {
    const values = new Uint8Array(count);
    for (let i = 0; i < count; i++) values[i] = pixels[3 * i];
    return ofNumbers(decoded, { values, width, height });
  }
  const { where, ends } = split({ values: pixels, width, height, channels: 3 }, decoded.name);
  const [low, high] = ends.map((end) => Math.max(...end));
  const levels = ends.map((end) => ({ words: colour(end), light: Math.max(...end) }));
  return leveled(decoded, isDark(low, high) ? "shades" : "colours", levels, where, { width, height });
}

/** @type {(decoded: Decoded, kind: Kind, levels: Level[], where: Uint8Array, grid: Size) => Levels} */
function leveled(decoded, kind, levels, where, grid) {
  const turned = upright(where, grid.width, grid.height, decoded.turn);
  const [width, height] = decoded.turn >= 5 ? [grid.height, grid.width] : [grid.width, grid.height];
  const edge = [...turned.subarray(0, width), ...turned.subarray((height - 1) * width)];
  for (let y = 0; y < height; y++) edge.push(turned[y * width], turned[(y + 1) * width - 1]);
  const [border, share] = [shareOfSecond(edge), shareOfSecond(turned)];
  const { name, said: orientation } = decoded;
  return { name, kind, levels, where: turned, width, height, border, share, size: sizeOf(decoded), orientation };
}

/** @param {ArrayLike<number>} where among the pixels that count */
function shareOfSecond(where) {
  let [ones, ignored] = [0, 0];
  for (let i = 0; i < where.length; i++) {
    if (where[i] === IGNORE) ignored++;
    else if (where[i]) ones++;
  }
  return ones / Math.max(1, where.length - ignored);
}

/** @param {Levels} levels the level that surrounds the other */
function surrounding({ border, share }) {
  if (border >= SURROUNDS && border > share) return 1;
  return border <= 1 - SURROUNDS && border < share ? 0 : null;
}

/** @param {Levels} levels the one that this file by itself says is the background; null where it cannot be told */
function backgroundOf(levels) {
  const { kind, border } = levels;
  if (kind === "numbers") return 0;
  if (kind === "colours") return border >= COVERS ? 1 : border <= 1 - COVERS ? 0 : null;
  return kind === "doubt" ? null : surrounding(levels) === 1 ? 1 : 0;
}

/**
 * The mask, as this file by itself says.
 * @param {Levels} found
 * @returns {Mask}
 */
export function maskOf(found) {
  const { name, kind, levels, where, width, height, size, orientation } = found;
  const background = backgroundOf(found);
  if (levels.length === 1) throw refusal("single_level", { name, level: levels[0].words });
  if (kind === "doubt") throw refusal("one_and_255", { name });
  if (background === null) throw refusal("two_colours", { name, one: levels[0].words, other: levels[1].words });
  const labels = background ? where.map((level) => (level === IGNORE ? IGNORE : 1 - level)) : where;
  const [object, other] = [levels[1 - background], levels[background]];
  const rule = `object: ${object.words}` + (kind === "colours" || background ? ` on ${other.words}` : "");
  return { labels, width, height, rule, size, orientation, numbering: null, notes: [] };
}
