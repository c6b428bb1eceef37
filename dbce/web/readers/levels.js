// Two levels in an array: what pixels that gather around two values or two colours gather around. Twin of
// dbce/data/levels.py.
import { rint } from "../core/resize.js";
import { general, refusal, sentence } from "./refusal.js";

/** What a lossy format makes of 0 and, counted from there, of 255. */
export const SNAP = 12;

const NEAR = 0.15; // distance to a level, in parts of that between the two, at which a pixel still is of this level
const BETWEEN = 0.35; // largest share of pixels between the levels
const EXACT = 0.75; // least share of pixels that are at a level, or between the two
const CONTRAST = 40; // least distance of two levels that more than two values gather around
const HUES = ["red", "yellow", "green", "cyan", "blue", "magenta"];

/** @typedef {{values: ArrayLike<number>, width: number, height: number, channels: 1 | 3}} Cells */
/** @typedef {number[]} Point one value, or red, green and blue */
/** @typedef {{points: Point[], counts: number[], index: Uint32Array}} Table what occurs, how often, and where */
/** @typedef {{ends: Point[], place: number[], apart: boolean[], modes: Point[]}} Ends */

/**
 * Values or colours that gather around two -> which of the two a pixel is nearer to, and the two, darker first.
 * @param {Cells} cells
 * @param {string} name
 * @returns {{where: Uint8Array, ends: Point[]}}
 */
export function split(cells, name) {
  const { width, height, channels } = cells;
  const step = Math.floor(Math.sqrt((height * width) / 20_000));
  if (step > 1) {
    const part = tableOf(every(cells, step));
    checkLevels(part, endsOf(part, channels), name, channels, true);
  }
  const table = tableOf(cells);
  const found = endsOf(table, channels);
  checkLevels(table, found, name, channels, false);
  const where = spread(table.index, found.place.map((place) => place > 0.5)); // prettier-ignore
  if (found.apart.includes(true)) {
    const odd = spread(table.index, found.apart);
    checkEdges(cells, where, odd, table, found.apart, name);
  }
  return { where, ends: found.ends };
}

/** @type {(index: Uint32Array, flags: boolean[]) => Uint8Array} */
function spread(index, flags) {
  const out = new Uint8Array(index.length);
  for (let i = 0; i < out.length; i++) out[i] = +flags[index[i]];
  return out;
}

/** @type {(cells: Cells, step: number) => Cells} */
function every({ values, width, height, channels }, step) {
  const [w, h] = [Math.ceil(width / step), Math.ceil(height / step)];
  const out = new Float64Array(w * h * channels);
  for (let y = 0, i = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let c = 0; c < channels; c++, i++) out[i] = values[(y * step * width + x * step) * channels + c];
  return { values: out, width: w, height: h, channels };
}

/** @type {(cells: Cells) => Table} */
function tableOf({ values, width, height, channels }) {
  const count = width * height;
  const packed = channels === 1 ? values : new Uint32Array(count);
  if (packed !== values)
    for (let i = 0, k = 0; i < count; i++, k += 3)
      /** @type {Uint32Array} */ (packed)[i] = (values[k] << 16) | (values[k + 1] << 8) | values[k + 2];
  /** @type {Map<number, number>} */
  const counted = new Map();
  for (let i = 0, start = 0; i < count; i++)
    if (i + 1 === count || packed[i + 1] !== packed[start]) {
      counted.set(packed[start], (counted.get(packed[start]) ?? 0) + i + 1 - start); // a run at a time: masks are flat
      start = i + 1;
    }
  const found = [...counted.keys()].sort((a, b) => a - b);
  const order = new Map(found.map((value, i) => [value, i]));
  const index = new Uint32Array(count);
  for (let i = 0; i < count; i++)
    index[i] = i && packed[i] === packed[i - 1] ? index[i - 1] : (order.get(packed[i]) ?? 0);
  return {
    points: found.map((value) => (channels === 1 ? [value] : [value >> 16, (value >> 8) & 255, value & 255])),
    counts: found.map((value) => counted.get(value) ?? 0),
    index,
  };
}

/** @type {(a: Point, b: Point) => number} */
const distance = (a, b) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));

/** @type {(values: number[]) => number} */
const first = (values) => values.indexOf(values.reduce((most, value) => Math.max(most, value), -Infinity));

/** @type {(table: Table, channels: number) => Ends} */
function endsOf({ points, counts }, channels) {
  const one = points[first(counts)];
  const lengths = points.map((point) => distance(point, one));
  const furthest = lengths.reduce((most, value) => Math.max(most, value), 0);
  const far = lengths.map((length) => length > 0.75 * furthest);
  if (!far.includes(true))
    return { ends: [one, one], place: points.map(() => 0), apart: points.map(() => false), modes: [one, one] };
  const other = points[first(counts.map((count, i) => (far[i] ? count : -1)))];
  /** @type {(a: Point, b: Point) => number} */
  const byLight = (a, b) => Math.max(...a) - Math.max(...b) || sum(a) - sum(b);
  const modes = [one, other].sort(byLight);
  let ends = modes;
  if (channels === 1) {
    const outer = [points[0], points[points.length - 1]];
    const span = outer[1][0] - outer[0][0];
    ends = modes.map((mode, i) => (Math.abs(outer[i][0] - mode[0]) <= 0.26 * span ? outer[i] : mode));
  }
  const line = ends[1].map((value, c) => value - ends[0][c]);
  const length = distance(ends[1], ends[0]);
  const place = points.map((point) => sum(point.map((value, c) => (value - ends[0][c]) * line[c])) / length ** 2);
  const apart = points.map((point) => ends.every((end) => distance(point, end) > NEAR * length));
  return { ends, place, apart, modes };
}

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** @type {(table: Table, ends: Ends, name: string, channels: number, sample: boolean) => void} */
function checkLevels({ points, counts }, { modes, apart }, name, channels, sample) {
  const length = distance(modes[1], modes[0]);
  if (sample && length < CONTRAST) return;
  /** @param {Point} point */
  const off = (point) => Math.min(...modes.map((end) => Math.max(...point.map((v, c) => Math.abs(v - end[c])))));
  const total = sum(counts);
  const between = sum(counts.filter((_, i) => apart[i])) / total;
  const exact = sum(counts.filter((_, i) => apart[i] || off(points[i]) <= SNAP)) / total;
  if (between > BETWEEN || exact < EXACT || (points.length > 2 && length < CONTRAST)) {
    const what = sentence(channels === 3 ? "colour_picture" : "grey_picture", { count: points.length });
    throw refusal("no_levels", { name, what });
  }
}

/** @type {(cells: Cells, where: Uint8Array, odd: Uint8Array, table: Table, apart: boolean[], name: string) => void} */
function checkEdges(cells, where, odd, { points, counts }, apart, name) {
  const { width, height, channels } = cells;
  const odds = count(odd);
  const flat = odd.slice();
  for (let i = 0; i < flat.length; i++) if (flat[i]) flat[i] = +isFlat(cells.values, i, width, height, channels);
  const most = first(counts.map((value, i) => (apart[i] ? value : 0)));
  const kinds = apart.filter(Boolean).length;
  if (count(flat) > Math.max(4, 0.2 * odds) || (kinds === 1 && points.length === 3)) {
    /** @type {(wanted: boolean, limit: number) => Point[]} */
    const frequent = (wanted, limit) => {
      const at = points.map((_, i) => i).filter((i) => apart[i] === wanted);
      return at.sort((a, b) => counts[b] - counts[a]).slice(0, limit).map((i) => points[i]); // prettier-ignore
    };
    const shown = [...frequent(false, 2), ...frequent(true, 4)];
    throw refusal("three_levels", {
      name,
      kinds: channels === 3 ? "colours" : "values",
      shown: shown.map((kind) => (channels === 3 ? colour(kind) : general(kind[0]))).join(", "),
      share: percent(counts[most] / sum(counts)),
    });
  }
  const edge = edges(where, width, height);
  const reach = Math.max(12, 0.04 * Math.min(width, height));
  const away = edge.includes(1) ? chamfer(edge, width, height) : null;
  let stray = 0;
  for (let i = 0; i < odd.length; i++) if (odd[i] && (!away || away[i] / 65536 > reach)) stray++;
  if (stray > Math.max(4, 0.02 * odds)) throw refusal("stray_levels", { name, share: percent(stray / odd.length) });
}

/** @param {Uint8Array} flags */
function count(flags) {
  let total = 0;
  for (const flag of flags) if (flag) total++;
  return total;
}

/** @type {(values: ArrayLike<number>, i: number, width: number, height: number, channels: number) => boolean} */
function isFlat(values, i, width, height, channels) {
  const [x, y] = [i % width, Math.floor(i / width)];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
      for (let c = 0; c < channels; c++)
        if (values[(v * width + u) * channels + c] !== values[i * channels + c]) return false;
  return true;
}

/** @type {(where: Uint8Array, width: number, height: number) => Uint8Array} pixels with another one beside them */
function edges(where, width, height) {
  const out = new Uint8Array(where.length);
  /** @type {(i: number, j: number) => void} */
  const compare = (i, j) => {
    if (where[i] !== where[j]) out[i] = out[j] = 1;
  };
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const right = x + 1 < width;
      if (right) compare(i, i + 1);
      if (y + 1 === height) continue;
      compare(i, i + width);
      if (right) compare(i, i + width + 1);
      if (x) compare(i, i + width - 1);
    }
  return out;
}

/**
 * Distance to the nearest edge, as OpenCV's of a 3 x 3 mask, in parts of 65536.
 * @param {Uint8Array} edge
 * @param {number} width
 * @param {number} height
 */
function chamfer(edge, width, height) {
  const [straight, diagonal] = [Math.round(0.955 * 65536), Math.round(1.3693 * 65536)];
  const w = width + 2;
  const out = new Int32Array(w * (height + 2)).fill(2 ** 29);
  for (let y = 0, k = 0; y < height; y++)
    for (let x = 0, i = (y + 1) * w + 1; x < width; x++, i++, k++) {
      const near = Math.min(out[i - w] + straight, out[i - 1] + straight, out[i - w - 1] + diagonal);
      out[i] = edge[k] ? 0 : Math.min(near, out[i - w + 1] + diagonal);
    }
  for (let y = height - 1; y >= 0; y--)
    for (let x = width - 1, i = (y + 1) * w + width; x >= 0; x--, i--) {
      const near = Math.min(out[i + w] + straight, out[i + 1] + straight, out[i + w + 1] + diagonal);
      out[i] = Math.min(out[i], near, out[i + w - 1] + diagonal);
    }
  const inner = new Int32Array(width * height);
  for (let y = 0; y < height; y++) inner.set(out.subarray((y + 1) * w + 1, (y + 1) * w + 1 + width), y * width);
  return inner;
}

/**
 * A colour in words and numbers: "red (255, 0, 0)".
 * @param {ArrayLike<number>} rgb
 */
export function colour(rgb) {
  const values = Array.from(rgb);
  const [r, g, b] = values.map((value) => value / 255);
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  const span = most - least;
  const saturation = most ? span / most : 0;
  const [rc, gc, bc] = [r, g, b].map((value) => (most - value) / span);
  const sixth = !span ? 0 : r === most ? bc - gc : g === most ? 2 + rc - bc : 4 + gc - rc;
  const hue = (((sixth / 6) % 1) + 1) % 1;
  const word = saturation > 0.15 ? HUES[rint(6 * hue) % 6] : most > 0.87 ? "white" : "grey";
  return `${most < 0.1 ? "black" : word} (${values.join(", ")})`;
}

/**
 * A share as people write it: never 0 % of something, never 100 % of not all.
 * @param {number} share
 */
export function percent(share) {
  if (share > 0 && share < 0.01) return "less than 1 %";
  if (share > 0.99 && share < 1) return "more than 99 %";
  return `${rint(100 * share)} %`;
}
