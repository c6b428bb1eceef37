// Dice of every class, a row each: a network before and after its class weights are taken out, beside two others.
import { AFTER } from "../core/calibration.js";
import { Chart } from "./chart.js";

const ROW = 28; // units of the SVG

/**
 * @param {string[]} names of the classes
 * @param {Record<string, number[]>} rows by network Dice in percent, in the order of the names; "ce", "dbce", and one
 *   network with its twin, whose key ends in `AFTER`
 * @param {Record<string, [string, string]>} lines colour and dash of each
 */
export function classDots(names, rows, lines) {
  const ticks = [0, 25, 50, 75, 100];
  const height = names.length * ROW + 58;
  const chart = new Chart({ width: 560, height, last: 100, ticks, title: "Dice, %", left: 112 });
  const part = (k) => 1 - (k + 0.5) / names.length;
  const after = Object.keys(rows).find((key) => key.endsWith(AFTER)) ?? "";
  const before = after.slice(0, -AFTER.length);
  const others = Object.keys(rows).filter((key) => key !== before && key !== after);
  const marks = names.map((_, k) => {
    const y = chart.y(part(k));
    const [from, to] = [before, after].map((key) => chart.x(rows[key][k]));
    const colour = lines[before][0];
    const bars = others.map((key) => {
      const x = chart.x(rows[key][k]).toFixed(1);
      return `<line class="beside" x1="${x}" x2="${x}" y1="${y - 9}" y2="${y + 9}" stroke="${lines[key][0]}"/>`;
    });
    return (
      `${bars.join("")}<line class="change" x1="${from}" x2="${to}" y1="${y}" y2="${y}" stroke="${colour}"/>` +
      `<circle cx="${from}" cy="${y}" r="4.5" fill="${colour}"/>` +
      `<circle class="hollow" cx="${to}" cy="${y}" r="4.5" stroke="${colour}"/>`
    );
  });
  /** @type {[number, string][]} */
  const levels = names.map((name, k) => [part(k), name]);
  const said = names.map((name, k) => `${name} ${rows[before][k].toFixed(1)} to ${rows[after][k].toFixed(1)}`);
  return chart.svg(marks.join(""), levels, `Dice in percent, with the prior taken out: ${said.join(", ")}`);
}
