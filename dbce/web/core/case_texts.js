// What a test set shows of two networks, in sentences that follow from its numbers: nothing is named that chance, or
// one group of images, can make.
import { mean } from "./cases.js";

/** @typedef {import("./cases.js").Cases} Cases */
/** @typedef {import("./cases.js").Interval} Interval */
/** @typedef {{a: string, b: string, group: string}} Words what the two networks, and a group of images, are called */

export const EVEN = 0.05; // a difference of scores up to which two networks are even on an image
export const SIZES = ["small", "middle", "large"];

/** @param {number} v a difference of shares, in points with its sign */
export const points = (v) => {
  const text = (100 * Math.abs(v)).toFixed(1);
  return (+text === 0 ? "\u00b1" : v > 0 ? "+" : "\u2212") + text;
};

/** @param {Interval} of */
export const range = ({ low, high }) => `${points(low)} to ${points(high)}`;

/**
 * How many images have a better score with one, or the other, by more than `EVEN`.
 * @param {ArrayLike<number>} difference B - A, by image
 */
export function counted(difference) {
  const of = { a: 0, b: 0, even: 0 };
  for (let i = 0; i < difference.length; i++) of[difference[i] > EVEN ? "b" : difference[i] < -EVEN ? "a" : "even"]++;
  return of;
}

/**
 * Title of the scatter.
 * @param {ArrayLike<number>} difference
 * @param {Words} words
 */
export function whoWins(difference, { a, b }) {
  const of = counted(difference);
  const [first, second] = of.b >= of.a ? [b, a] : [a, b];
  const [most, least] = [Math.max(of.a, of.b), Math.min(of.a, of.b)];
  if (most === 0) return `${a} and ${b} are even on all ${of.even}`;
  if (most === least) return `${a} and ${b} are each better on ${most}; ${of.even} are even`;
  return `${first} is better on ${most}, ${second} on ${least}; ${of.even} are even`;
}

/**
 * What the difference of two networks comes to, on some images.
 * @typedef {object} Finding
 * @property {number} mean
 * @property {Interval | null} interval
 * @property {"up" | "down" | "leans" | "chance" | "few"} verdict
 * @property {number} group on which it leans, else -1
 * @property {number} without mean without that group
 */

/**
 * @param {Cases} cases
 * @param {ArrayLike<number>} difference B - A, by image
 * @param {number[]} members numbers of images
 * @returns {Finding}
 */
export function judge(cases, difference, members) {
  const interval = cases.interval(difference, members);
  const { group, without } = cases.leansOn(difference, members);
  const average = mean(difference, members);
  if (!interval) return { mean: average, interval, verdict: "few", group, without };
  if (!interval.beyond) return { mean: average, interval, verdict: "chance", group, without };
  const verdict = cases.grouped && group >= 0 ? "leans" : average > 0 ? "up" : "down";
  return { mean: average, interval, verdict, group, without };
}

/** @param {string[]} names */
const listed = (names) => names.join(" and ").replace(/ and (?=.* and )/g, ", ");

/**
 * Title of the table: which thirds gain.
 * @param {Finding[]} thirds small, middle, large
 * @param {Words} words
 */
export function whatGains(thirds, { a, b, group }) {
  const [up, down, leans, few] = ["up", "down", "leans", "few"].map((verdict) =>
    SIZES.filter((_, k) => thirds[k].verdict === verdict),
  );
  if (few.length === thirds.length) return `Too few ${group}s to tell ${b} from ${a}`;
  const at = (/** @type {string[]} */ sizes) =>
    sizes.length === SIZES.length ? "at every size" : `on ${listed(sizes)} objects`;
  const told = [...(up.length ? [`gains ${at(up)}`] : []), ...(down.length ? [`loses ${at(down)}`] : [])];
  const main = told.length ? `${b} ${told.join(" and ")}, against ${a}` : `No size tells ${b} from ${a} beyond chance`;
  return leans.length ? `${main}; ${listed(leans)} leans on one ${group}` : main;
}

/**
 * What stands below the table: what leans on one group.
 * @param {Cases} cases
 * @param {Finding[]} thirds
 * @param {Words} words
 */
export function whatLeans(cases, thirds, { group: noun }) {
  return thirds.flatMap(({ verdict, group, mean: whole, without }, k) => {
    if (verdict !== "leans") return [];
    const names = cases.names.filter((_, i) => cases.groups[i] === group && cases.third[i] === k);
    const some = names.length > 3 ? `${names.slice(0, 3).join(", ")}, \u2026` : names.join(", ");
    const images = `${names.length} image${names.length === 1 ? "" : "s"}`;
    return [
      `${SIZES[k]}: ${points(whole)} leans on ${images} of one ${noun} (${some}); without it ${points(without)}.`,
    ];
  });
}

/**
 * What the first of a list have in common.
 * @param {Cases} cases
 * @param {number[]} first numbers of images
 * @param {Words} words
 */
export function whatRepeats(cases, first, { group }) {
  if (!cases.grouped || first.length < 4) return "";
  const { counts } = cases.byGroup(new Float64Array(cases.count), first);
  const most = Math.max(...counts);
  return most > first.length / 3
    ? `${most} of these ${first.length} are of one ${group}: near duplicates, one case.`
    : "";
}
