// What the threshold does to each network on the image in view, and whether its probabilities mean what they say.
import { AFTER } from "../core/calibration.js";
import { percent } from "../core/format.js";
import { Chart } from "./chart.js";
import { write } from "./write.js";

export const THRESHOLDS = Array.from({ length: 99 }, (_, k) => (k + 1) / 100);

/**
 * A network as it is drawn in a chart.
 * @typedef {{name: string, line: [string, string], values: number[], ghost?: number[]}} Curve
 *   its title; colour and dash; values, one a threshold; the same with the other prior
 */

/**
 * What was measured of a network on a test set.
 * @typedef {object} Measured
 * @property {string} name
 * @property {[string, string]} line colour and dash
 * @property {{p: (number | null)[], y: (number | null)[], share: number[]}} bins mean probability and truth of each,
 *   null where empty, and which share of the pixels it holds
 * @property {number[]} gap distance from the diagonal in points, and its interval
 * @property {number[]} brier score times 100, and its interval
 * @property {boolean} ghost whether it is drawn faintly
 * @property {string} [key] of its row
 */

/** @typedef {{at: number, value: number, line: [string, string], ring?: boolean}} Mark a point on a curve */

/** @param {[string, string]} line colour and dash */
const stroke = ([colour, dash]) => `stroke="${colour}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;

/** @param {[string, string]} line */
export const sample = (line) =>
  '<svg class="sample" width="22" height="10" aria-hidden="true">' +
  `<line x1="1" x2="21" y1="5" y2="5" ${stroke(line)}/></svg>`;

let drawn = 0; // charts, of which each clips its own lines

/** The index of the largest value. @param {number[]} values */
export const best = (values) => values.reduce((at, value, k) => (value > values[at] ? k : at), 0);

/** Dice against threshold. */
export class ThresholdChart {
  constructor() {
    const ticks = [0, 0.25, 0.5, 0.75, 1];
    this.chart = new Chart({ width: 560, height: 300, last: 1, step: 0.01, ticks, title: "threshold" });
  }

  /**
   * @param {Curve[]} curves
   * @param {{at: number, line: [string, string]}[]} foretold thresholds at which class weights alone would be made good
   * @param {string} of what Dice is of
   * @param {Mark[]} points
   */
  svg(curves, foretold, of = "this image", points = []) {
    const { chart } = this;
    const middle = curves.flatMap(({ values }) => values.slice(9, 90));
    const low = Math.max(0, Math.min(0.9, Math.floor(10 * Math.min(...middle)) / 10));
    const part = (dice) => (dice - low) / (1 - low);
    const path = (values, line, kind) =>
      `<path class="${kind}" ${stroke(line)} d="${chart.line(values.map(part), THRESHOLDS)}"/>`;
    const lines = [
      ...curves.flatMap(({ ghost, line }) => (ghost ? [path(ghost, line, "ghost")] : [])),
      ...curves.map(({ values, line }) => path(values, line, "curve")),
    ];
    const { left, right, top, bottom } = chart.inner;
    const within = `x="${left}" y="${top - 3}" width="${right - left}" height="${bottom - top + 3}"`;
    const id = `dbce-dice-${drawn++}`;
    const clip = `<clipPath id="${id}"><rect ${within}/></clipPath>`;
    const dots = points.map(({ at, value, line, ring }) => dot(chart.x(at), chart.y(part(value)), 4.5, line, ring));
    const marks = foretold.map(({ at, line: [colour] }) => {
      const x = chart.x(at).toFixed(1);
      return `<line class="foretold" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}" stroke="${colour}"/>`;
    });
    const steps = [0, 1, 2, 3, 4].map((k) => k / 4);
    /** @type {[number, string][]} */
    const levels = steps.map((v) => [v, `${+(100 * (low + v * (1 - low))).toFixed(1)} %`]);
    const label = `Dice of ${curves.map(({ name }) => name).join(", ")} on ${of} against the threshold`;
    const clipped = `<g clip-path="url(#${id})">${lines.join("")}</g>`;
    return chart.svg(`${clip}${marks.join("")}${clipped}${dots.join("")}`, levels, label);
  }
}

/**
 * How often what a network gives a probability is true, in ten bins: on the diagonal it means what it says.
 * @param {Measured[]} networks
 * @param {string} axis what stands below it
 */
export function reliability(networks, axis) {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const chart = new Chart({ width: 560, height: 300, last: 1, step: 0.01, ticks, title: axis });
  const lines = networks.map(({ line, bins, ghost }) => {
    const held = bins.p.map((_, k) => k).filter((k) => bins.p[k] !== null);
    const [p, y] = [bins.p, bins.y].map((values) => held.map((k) => values[k]));
    const sizes = held.map((k) => 8 * Math.sqrt(bins.share[k])); // so that areas are as the pixels
    const dots = p.map((v, k) => dot(chart.x(v), chart.y(y[k]), Math.max(1, sizes[k]), line));
    const path = `<path class="${ghost ? "ghost" : "curve"}" ${stroke(line)} d="${chart.line(y, p)}"/>`;
    return path + (ghost ? "" : dots.join(""));
  });
  const diagonal = `<path class="diagonal" d="${chart.line([0, 1], [0, 1])}"/>`;
  /** @type {[number, string][]} */
  const levels = ticks.map((v) => [v, `${100 * v} %`]);
  const names = networks.filter(({ ghost }) => !ghost).map(({ name }) => name);
  const label = `How often a network is right against its ${axis}, for ${names.join(", ")}`;
  return chart.svg(diagonal + lines.join(""), levels, label);
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {[string, string]} line
 * @param {boolean} [ring]
 */
const dot = (x, y, r, [colour], ring) =>
  `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r.toFixed(1)}" ` +
  (ring ? `class="hollow" stroke="${colour}"/>` : `fill="${colour}"/>`);

/**
 * What was measured of networks on the test set, as trained and with their class weights taken out where they had some.
 * @param {any} config
 * @param {string[]} losses
 * @param {string} prior which of both counts, "trained" or "corrected"; the other is drawn faintly
 * @returns {Measured[]}
 */
export function measuredOf({ calibration: { rows }, titles, lines }, losses, prior) {
  return losses.flatMap((loss) => {
    const after = loss + AFTER;
    const corrected = prior === "corrected" && after in rows;
    const both = [
      { key: loss, name: titles[loss], ghost: corrected },
      { key: after, name: titles[loss], ghost: !corrected },
    ];
    return both
      .filter(({ key }) => key in rows)
      .map((row) => ({ ...row, line: lines[loss], bins: rows[row.key].reliability, ...rows[row.key] }));
  });
}

/**
 * Gaps, and perhaps Brier scores, with their intervals.
 * @param {Measured[]} networks
 * @param {boolean} brier
 */
export function gapRows(networks, brier = false) {
  const cells = (/** @type {number[]} */ [value, low, high], digits = 1) => {
    const [v, l, h] = [value, low, high].map((points) => points.toFixed(digits));
    return `<td>${v}</td><td class="span">${l} to ${h}</td>`;
  };
  const rows = networks.map(
    ({ name, line, gap, brier: error, ghost }) =>
      `<tr${ghost ? ' class="faint"' : ""}><th scope="row">${sample(line)}${name}</th>${cells(gap)}` +
      `${brier ? cells(error, 2) : ""}</tr>`,
  );
  const heads = [brier ? "off the diagonal, points" : "gap", "95 %", ...(brier ? ["Brier score × 100", "95 %"] : [])];
  return `<thead><tr><th scope="col">${brier ? "Expected calibration error" : "Distance from the diagonal, points"}</th>
    ${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody>`;
}

/** Where a threshold stands among `THRESHOLDS`. @param {number} threshold */
const indexOf = (threshold) => Math.max(0, Math.min(98, Math.round(100 * threshold) - 1));

/**
 * Dice of every network at the threshold, which `fillDices` writes, and the best there is, with where.
 * @param {Curve[]} curves
 * @param {string} of what it is of
 * @param {number | null} at a threshold that stays
 */
export function diceRows(curves, of = "this image", at = null) {
  const head = at === null ? "" : `at ${at.toFixed(2)}`;
  const now = (/** @type {number[]} */ values) => (at === null ? "" : percent(values[indexOf(at)]));
  const rows = curves.map(({ name, line, values }) => {
    const top = best(values);
    return `<tr><th scope="row">${sample(line)}${name}</th><td data-now>${now(values)}</td>
      <td>${percent(values[top])}</td><td>${THRESHOLDS[top].toFixed(2)}</td></tr>`;
  });
  return `<thead><tr><th scope="col">Dice of ${of}, %</th><th scope="col" data-now>${head}</th>
    <th scope="col">best</th><th scope="col">at</th></tr></thead><tbody>${rows.join("")}</tbody>`;
}

/**
 * @param {Element} table of `diceRows`
 * @param {Curve[]} curves
 * @param {number} threshold
 */
export function fillDices(table, curves, threshold) {
  const at = indexOf(threshold);
  const [head, ...cells] = table.querySelectorAll("[data-now]");
  write(head, `at ${threshold.toFixed(2)}`);
  curves.forEach(({ values }, k) => write(cells[k], percent(values[at])));
}
