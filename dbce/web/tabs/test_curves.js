// Results, the curves of the test set: Dice against the threshold, or of each class without one, and reliability.
import { AFTER } from "../core/calibration.js";
import { classDots } from "../parts/class_dots.js";
import { escaped } from "../parts/escape.js";
import { scrolled } from "../parts/table.js";
import { explained } from "../parts/term.js";
import {
  diceRows,
  gapRows,
  measuredOf,
  reliability,
  sample,
  ThresholdChart,
  THRESHOLDS,
} from "../parts/threshold_chart.js";

/** @param {{said: string, note: string}} texts @param {string} chart @param {string} below its table or legend */
const figure = ({ said, note }, chart, below) => `<figure><figcaption>${escaped(said)}.</figcaption>
  <div class="chart still">${chart}</div>${below}
  <p class="quiet">${explained(escaped(note))}</p></figure>`;

/**
 * Dice between two thresholds that were measured.
 * @param {number[]} dice
 * @param {number} threshold
 */
function between(dice, threshold) {
  const at = Math.max(0, Math.min(THRESHOLDS.length - 1, 100 * threshold - 1));
  const [low, high] = [Math.floor(at), Math.ceil(at)];
  return dice[low] + (at - low) * (dice[high] - dice[low]);
}

/** @param {any} config @param {any} curves from dbce.scores.curves.curves_summary @param {string[]} losses */
function diceFigure({ calibration, lines }, { dice, data, prior, row_titles: names }, losses) {
  const rowOf = (key) => calibration.rows[key].dice.map((value) => value / 100);
  const drawn = losses.map((loss) => ({ name: names[loss], line: lines[loss], values: rowOf(loss) }));
  const after = losses.filter((loss) => loss in prior && loss + AFTER in names);
  const withGhosts = drawn.map((curve, k) =>
    after.includes(losses[k]) ? { ...curve, ghost: rowOf(losses[k] + AFTER) } : curve,
  );
  const foretold = after.map((loss) => ({ at: prior[loss], line: lines[loss] }));
  const points = [
    ...drawn.map(({ values, line }) => ({ at: 0.5, value: values[49], line })),
    ...foretold.map(({ at, line }, k) => ({ at, value: between(rowOf(after[k]), at), line, ring: true })),
  ];
  const rows = losses.flatMap((loss, k) => [
    drawn[k],
    ...(after.includes(loss) ? [{ name: names[loss + AFTER], line: lines[loss], values: rowOf(loss + AFTER) }] : []),
  ]);
  const table = diceRows(rows, data, 0.5);
  return figure(
    dice,
    new ThresholdChart().svg(withGhosts, foretold, data, points),
    scrolled(`<table>${table}</table>`),
  );
}

/** @param {any} config @param {any} curves */
function classFigure({ lines, titles }, { classes }) {
  const { names, rows } = classes;
  const legend = Object.keys(rows)
    .filter((key) => !key.endsWith(AFTER))
    .map((key) => `<li>${sample(lines[key])}${titles[key]}</li>`);
  const chart = classDots(names, rows, lines);
  return figure(classes, chart, `<ul class="legend">${legend.join("")}</ul>`);
}

/**
 * The card of the curves; nothing where they were not measured.
 * @param {any} config
 */
export function testCurves(config) {
  const { findings, calibration, losses } = config;
  const curves = findings?.curves;
  const measured = curves && losses.filter((loss) => loss in calibration.rows);
  if (!measured?.length) return "";
  const networks = measuredOf(config, measured, "trained").map((row) => ({ ...row, name: curves.row_titles[row.key] }));
  const first = curves.dice ? diceFigure(config, curves, measured) : curves.classes ? classFigure(config, curves) : "";
  const second = figure(
    curves.reliability,
    reliability(networks, curves.reliability.axis),
    scrolled(`<table>${gapRows(networks, true)}</table>`),
  );
  return `<div class="card"><h2>Curves of the test set, ${explained(escaped(curves.data))}</h2>
    <div class="tested">${first}${second}</div></div>`;
}
