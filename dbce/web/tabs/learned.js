// Results: how far each loss had come at which epoch, of a training that was validated while it went on; of several
// classes, when each of them appears.
import { escaped } from "../parts/escape.js";
import { learningChart } from "../parts/learning_chart.js";
import { scrolled } from "../parts/table.js";
import { explained } from "../parts/term.js";
import { sample } from "../parts/threshold_chart.js";

/**
 * @typedef {object} Row
 * @property {string} title
 * @property {string} short
 * @property {[string, string]} line colour and dash
 * @property {[number, number][]} points epoch and Dice in percent
 * @property {Record<string, [number, number][]>} classes the same of each
 */

/**
 * @typedef {object} Learning of dbce.scores.learning_text.learning_summary
 * @property {string} title
 * @property {Record<string, string>} heads
 * @property {string[]} said
 * @property {string} note
 * @property {string} command
 * @property {number} last epoch
 * @property {Row[]} rows
 */

const LARGE = { width: 560, height: 300, right: 16, title: "epoch" };
const SMALL = { width: 150, height: 104, right: 12, left: 32 };

/** @param {[number, number][]} points */
const parts = (points) => points.map(([epoch, dice]) => /** @type {[number, number]} */ ([epoch, dice / 100]));

/**
 * Dice over the epochs of one class, or of all.
 * @param {Row[]} rows
 * @param {number} last epoch
 * @param {string} [name] of the class; of all without
 */
export function epochs(rows, last, name) {
  const learners = rows.map(({ title, line, points, classes }) => {
    return { name: title, line, points: parts(name ? classes[name] : points) };
  });
  const written = (score) => (100 * score).toFixed(1);
  const title = `Dice over the epochs, ${name || "mean"}, in percent at the last`;
  const how = name ? { size: { ...SMALL, ticks: [0, last] } } : { size: LARGE, dots: true };
  return learningChart({ title, learners, last, top: 1, written, ends: false, ...how }).svg;
}

/** @param {Row[]} rows @param {string} head of the epochs */
function table(rows, head) {
  const all = [...new Set(rows.flatMap(({ points }) => points.map(([epoch]) => epoch)))].sort((a, b) => a - b);
  const heads = all.map((epoch) => `<th scope="col">${epoch}</th>`);
  const body = rows.map(({ short, line, points }) => {
    const at = new Map(points);
    const cells = all.map((epoch) => `<td>${at.get(epoch)?.toFixed(1) ?? ""}</td>`);
    return `<tr><th scope="row">${sample(line)}${short}</th>${cells.join("")}</tr>`;
  });
  return scrolled(`<table><thead><tr><th scope="col">${head}</th>${heads.join("")}</tr></thead>
    <tbody>${body.join("")}</tbody></table>`);
}

/**
 * The card; nothing where no training was followed.
 * @param {Learning | null} learning
 */
export function learned(learning) {
  if (!learning) return "";
  const { title, heads, said, note, command, last, rows } = learning;
  const names = Object.keys(rows[0].classes);
  const chart = (name = "") => `<div class="chart still">${epochs(rows, last, name)}</div>`;
  const each = names.map((name) => `<figure><figcaption>${name}</figcaption>${chart(name)}</figure>`);
  const small = `<div><p class="figcaption">${heads.each}</p>
    <div class="small">${each.join("")}</div></div>`;
  const claims = said.map((sentence) => `<li>${escaped(sentence)}</li>`);
  return `<div class="card learned"><h2>${title}</h2><ul class="said">${claims.join("")}</ul>
    <div class="tested"><figure><figcaption>${heads.mean}</figcaption>
    ${chart()}${table(rows, heads.epochs)}</figure>${each.length ? small : ""}</div>
    <p class="quiet">${explained(escaped(note))} Put together by <code>${command}</code>.</p></div>`;
}
