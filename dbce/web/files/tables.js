// The numbers of every tab as CSV. Twin of dbce/study/numbers.py.
import { IGNORE } from "../core/dilation.js";

/** @typedef {Record<string, string | number>} Row */
/** @typedef {import("./maps.js").Wanted & {config: Record<string, any>, image: any, name: string}} Wanted */

const PARTS = ["object", "rim", "far"];

/**
 * A number as Python writes one that it has rounded.
 * @param {number} value
 * @param {number} decimals
 */
export function rounded(value, decimals) {
  const near = Number(value.toFixed(decimals));
  if (Number.isInteger(near)) return `${near}.0`;
  if (Math.abs(near) >= 1e-4) return String(near);
  const [mantissa, exponent] = near.toExponential().split("e");
  return `${mantissa}e-${exponent.slice(1).padStart(2, "0")}`;
}

/** @type {(prefix: string, shares: number[]) => Row} */
const sharesOf = (prefix, shares) =>
  Object.fromEntries(PARTS.map((part, k) => [`${prefix}_${part}`, rounded(shares[k], 6)]));

/**
 * One row a network in view.
 * @param {Wanted} wanted with a mask
 */
export function scoresCsv({ study, view, networks, config, name }) {
  const { weighting, radius, threshold } = view;
  const weights = sharesOf("weight_share", study.shares(weighting, radius));
  let ignored = 0;
  for (const label of study.labels) if (label === IGNORE) ignored++;
  const rows = networks.map((/** @type {string} */ loss) => {
    const { scores, organs, errors } = judged(study, loss, view, config);
    /** @type {Row} */
    const row = { image: name, loss: titleOf(loss, view, config), threshold, radius_px: radius, weighting };
    for (const [key, value] of Object.entries(scores)) row[`${key}_percent`] = rounded(100 * value, 4);
    for (const [key, value] of organs)
      row[`dice_percent_${key.replaceAll(" ", "_")}`] = value === null ? "" : rounded(100 * value, 4);
    for (const [key, value] of Object.entries(errors)) row[`${key}_px`] = value;
    if (ignored) row.ignored_px = ignored;
    return { ...row, ...weights, ...sharesOf("loss_share", study.shares(weighting, radius, loss)) };
  });
  return csv(rows);
}

/** @type {(loss: string, view: Record<string, any>, config: Record<string, any>) => string} */
const titleOf = (loss, { prior }, { titles, shifts }) =>
  prior === "corrected" && loss in shifts ? `${titles[loss]}, prior corrected` : titles[loss];

/**
 * @param {any} study
 * @param {string} loss
 * @param {Record<string, any>} view
 * @param {Record<string, any>} config
 * @returns {{scores: Record<string, number>, organs: [string, number | null][], errors: Record<string, number>}}
 */
function judged(study, loss, { radius, threshold }, { classes }) {
  if (classes.length === 2) return { ...study.compare(loss, radius, threshold), organs: [] };
  const { scores, errors } = study.compareLabels(loss, radius);
  const present = scores.slice(1).filter(Boolean);
  const mean = (/** @type {string} */ key) =>
    present.length ? present.reduce((/** @type {number} */ sum, s) => sum + s[key], 0) / present.length : 1;
  const keys = ["dice", "iou", "precision", "recall"];
  return {
    scores: Object.fromEntries(keys.map((key) => [key, mean(key)])),
    organs: classes.slice(1).map((/** @type {string} */ name, k) => [name, scores[k + 1]?.dice ?? null]),
    errors,
  };
}

/**
 * One row a radius that is drawn or was measured.
 * @param {Wanted} wanted with a mask, or with a curve in its config
 */
export function radiiCsv({ study, radii, config, name }) {
  const curve = config.radius_curve;
  const measured = new Map((curve?.points ?? []).map((/** @type {any} */ point) => [point.radius, point]));
  const all = [...new Set([...(study.labelled ? radii : []), ...measured.keys()])].sort((a, b) => a - b);
  const rows = all.map((radius) => {
    /** @type {Row} */
    const row = { image: name, radius_px: radius };
    if (study.labelled) Object.assign(row, sharesOf("weight_share", study.shares("dilated", radius)));
    if (!curve) return row;
    const point = measured.get(radius);
    for (const [key, value] of Object.entries(point ?? {}))
      if (key !== "radius") row[`measured_${key}_percent`] = /** @type {number} */ (value);
    return { ...row, test_data: point ? curve.test_data : "" };
  });
  return csv(rows);
}

/**
 * One row a number of the tables.
 * @param {Record<string, any>} config
 */
export function resultsCsv({ findings, learning, repeats, results, titles }) {
  /** @type {Row[]} */
  const rows = [];
  for (const { title, values, std, trainings, marks, shown } of findings?.rows ?? [])
    for (const [key, value] of Object.entries(values))
      rows.push({
        ...{ table: "What was found", network: title, quantity: findings.columns[key], value },
        ...{ deviation: std[key] ?? "", trainings: shown.includes(key) ? 1 : trainings, mark: marks[key] },
      });
  for (const { name, shown, repeated } of repeats?.rows ?? [])
    for (const [k, [value, low, high]] of [shown, repeated].entries())
      rows.push({
        ...{ table: repeats.title, network: repeats.heads[k], quantity: name },
        ...{ value, low, high },
      });
  for (const { title, points, classes } of learning?.rows ?? [])
    for (const [name, each] of [["", points], ...Object.entries(classes)])
      for (const [epoch, value] of each) {
        const quantity = `${name && `${name}: `}Dice after ${epoch} epochs, %`;
        rows.push({ table: learning.title, network: title, quantity, value });
      }
  for (const { title, columns, rows: each } of results)
    for (const { loss, ours, paper } of each)
      for (const [where, scores] of [
        ["here", ours],
        ["in the paper", paper ?? []],
      ])
        // prettier-ignore
        for (const [k, value] of scores.slice(0, columns.length).entries())
          rows.push({
            ...{ table: `${title}, ${where}`, network: titles[loss] ?? loss },
            ...{ quantity: `${columns[k]}, %`, value },
          });
  return csv(rows);
}

/** @param {Row[]} rows with the columns of all of them, in the order in which they first occur */
export function csv(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (/** @type {(string | number)[]} */ cells) => `${cells.map(quoted).join(",")}\r\n`;
  return line(columns) + rows.map((row) => line(columns.map((column) => row[column] ?? ""))).join("");
}

/** @param {string | number} cell */
const quoted = (cell) => (/[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell));
