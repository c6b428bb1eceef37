// What the threshold does to each network on the image in view, and whether its probabilities mean what they say.
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
 * @property {{p: (number | null)[], y: (number | null)[]}} bins mean probability and truth of each, null where empty
 * @property {boolean} ghost whether it is drawn faintly
 */

/** @param {[string, string]} line colour and dash */
const stroke = ([colour, dash]) => `stroke="${colour}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;

/** @param {[string, string]} line */
export const sample = (line) =>
  '<svg class="sample" width="22" height="10" aria-hidden="true">' +
  `<line x1="1" x2="21" y1="5" y2="5" ${stroke(line)}/></svg>`;

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
   */
  svg(curves, foretold) {
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
    const clip = `<clipPath id="dbce-dice"><rect ${within}/></clipPath>`;
    const marks = foretold.map(({ at, line: [colour] }) => {
      const x = chart.x(at).toFixed(1);
      return `<line class="foretold" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}" stroke="${colour}"/>`;
    });
    const steps = [0, 1, 2, 3, 4].map((k) => k / 4);
    /** @type {[number, string][]} */
    const levels = steps.map((v) => [v, `${+(100 * (low + v * (1 - low))).toFixed(1)} %`]);
    const label = `Dice of ${curves.map(({ name }) => name).join(", ")} on this image against the threshold`;
    return chart.svg(`${clip}${marks.join("")}<g clip-path="url(#dbce-dice)">${lines.join("")}</g>`, levels, label);
  }
}

/**
 * How often what a network gives a probability is true, in ten bins: on the diagonal it means what it says.
 * @param {Measured[]} networks
 */
export function reliability(networks) {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const chart = new Chart({ width: 560, height: 300, last: 1, step: 0.01, ticks, title: "probability, mean of a bin" });
  const lines = networks.map(({ line, bins, ghost }) => {
    const held = bins.p.map((_, k) => k).filter((k) => bins.p[k] !== null);
    const [p, y] = [bins.p, bins.y].map((values) => held.map((k) => values[k]));
    const dots = p.map((v, k) => `<circle cx="${chart.x(v)}" cy="${chart.y(y[k])}" r="3" fill="${line[0]}"/>`);
    const path = `<path class="${ghost ? "ghost" : "curve"}" ${stroke(line)} d="${chart.line(y, p)}"/>`;
    return path + (ghost ? "" : dots.join(""));
  });
  const diagonal = `<path class="diagonal" d="${chart.line([0, 1], [0, 1])}"/>`;
  /** @type {[number, string][]} */
  const levels = ticks.map((v) => [v, `${100 * v} %`]);
  const names = networks.filter(({ ghost }) => !ghost).map(({ name }) => name);
  const label = `Share of pixels that are object against the probability given, for ${names.join(", ")}`;
  return chart.svg(diagonal + lines.join(""), levels, label);
}

/**
 * Dice of every network at the threshold, which `fillDices` writes, and the best there is, with where.
 * @param {Curve[]} curves
 */
export function diceRows(curves) {
  const rows = curves.map(({ name, line, values }) => {
    const top = best(values);
    return `<tr><th scope="row">${sample(line)}${name}</th><td data-now></td>
      <td>${percent(values[top])}</td><td>${THRESHOLDS[top].toFixed(2)}</td></tr>`;
  });
  return `<thead><tr><th scope="col">Dice of this image, %</th><th scope="col" data-now></th>
    <th scope="col">best</th><th scope="col">at</th></tr></thead><tbody>${rows.join("")}</tbody>`;
}

/**
 * @param {Element} table of `diceRows`
 * @param {Curve[]} curves
 * @param {number} threshold
 */
export function fillDices(table, curves, threshold) {
  const at = Math.max(0, Math.min(98, Math.round(100 * threshold) - 1));
  const [head, ...cells] = table.querySelectorAll("[data-now]");
  write(head, `at ${threshold.toFixed(2)}`);
  curves.forEach(({ values }, k) => write(cells[k], percent(values[at])));
}
