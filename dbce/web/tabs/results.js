// What was found, and Table 1 of the paper beside the scores of the bundled networks: made from what was measured,
// nothing typed in. Nothing is marked as best here unless Python says that it is so beyond chance.

import { bar, scaleOf } from "../parts/interval.js";
import { SharesChart } from "../parts/shares_chart.js";
import { scrolled } from "../parts/table.js";
import { explained } from "../parts/term.js";
import { learned } from "./learned.js";
import { repeated } from "./repeated.js";
import { testCurves } from "./test_curves.js";

const NONE = `<div class="card"><h2>Not measured</h2><p class="quiet">These networks come without scores.
  <code>python -m dbce evaluate</code> measures them on a test set, <code>python -m dbce bundle</code> records what it
  finds for this tab.</p></div>`;

const written = (value) => (value === null ? "" : value.toFixed(2));
const columnHeads = (columns) => columns.map((name) => `<th scope="col">${explained(name)}</th>`).join("");

/** @param {any} result from dbce.scores.results @param {Record<string, string>} titles */
function table({ columns, rows }, titles) {
  const cells = (row, side) => columns.map((_, k) => `<td>${written(row[side] ? row[side][k] : null)}</td>`).join("");
  const name = ({ loss }) => `<th scope="row">${titles[loss]}</th>`;
  const body = rows.map(
    (row) => `<tr data-row="${row.loss}">${name(row)}${cells(row, "ours")}${cells(row, "paper")}</tr>`,
  );
  const span = columns.length;
  return scrolled(`<table class="wide"><thead><tr><td></td><th colspan="${span}" scope="colgroup">here, %</th>
    <th colspan="${span}" scope="colgroup">in the paper, %</th></tr>
    <tr><td></td>${columnHeads(columns)}${columnHeads(columns)}</tr></thead><tbody>${body.join("")}</tbody></table>`);
}

/** Many columns: the paper's row below ours. */
function longTable({ columns, rows }, titles) {
  const cells = (values) => values.map((value) => `<td>${written(value)}</td>`).join("");
  const both = (row) =>
    `<tr data-row="${row.loss}"><th scope="row">${titles[row.loss]}</th>${cells(row.ours)}</tr>` +
    (row.paper ? `<tr class="theirs"><th scope="row">in the paper</th>${cells(row.paper)}</tr>` : "");
  return scrolled(`<table class="wide long"><thead><tr><td></td>${columnHeads(columns)}</tr></thead>
    <tbody>${rows.map(both).join("")}</tbody></table>`);
}

/** What the paper does not measure. */
function more({ title, columns, rows }) {
  const body = rows.map(
    ([name, ...cells]) => `<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`,
  );
  return `<h3>${title}</h3>${scrolled(`<table class="wide more"><thead><tr><td></td>${columnHeads(columns)}</tr></thead>
    <tbody>${body.join("")}</tbody></table>`)}`;
}

/**
 * The verdict in sentences, and the one table that it rests on.
 * @param {any} found from dbce.scores.findings_tables.findings_summary
 */
function findings({ verdict, errors, columns, lead: about, heading, note, rows }) {
  const names = Object.keys(columns);
  const cell = (row, name) => {
    const std = row.std[name] === undefined ? "" : ` \u00b1\u2009${row.std[name].toFixed(1)}`;
    const alone = row.shown.includes(name) ? " \u2020" : "";
    return `<td class="${row.marks[name]}">${row.values[name].toFixed(1)}${std}${alone}</td>`;
  };
  const ahead = rows.filter(({ against }) => against).map(({ against }) => against);
  const own = scaleOf(ahead);
  const lead = ({ against, title, ahead: text }) => {
    const drawn = against ? bar(against, own, about.replace("this", title), 110) : "";
    return `<td class="ahead">${drawn}<span>${text}</span></td>`;
  };
  const [first, ...rest] = names;
  const body = rows.map(
    (row) => `<tr data-found="${row.row}"><th scope="row">${row.title}</th>${cell(row, first)}
      ${about && lead(row)}${rest.map((name) => cell(row, name)).join("")}</tr>`,
  );
  const [dice, ...others] = Object.values(columns).map((name) => `<th scope="col">${explained(name)}</th>`);
  const heads = `${dice}${about && `<th scope="col" class="ahead">${explained(about)}</th>`}${others.join("")}`;
  const scale = scaleOf(verdict.flatMap(({ interval }) => (interval ? [interval] : [])));
  const said = verdict.map(({ text, about, interval }) =>
    interval
      ? `<li><p>${text}</p><div><small>${about}</small>${bar(interval, scale, about)}</div></li>`
      : `<li><p>${text}</p></li>`,
  );
  return `<div class="card verdict halves"><h2>What was found</h2>
    <ul class="said">${said.join("")}<li><p>${errors}</p></li></ul>
    <div><h3>${heading}</h3>
    ${scrolled(`<table class="wide found"><thead><tr><td></td>${heads}</tr></thead>
    <tbody>${body.join("")}</tbody></table>`)}
    <p class="quiet">${note}</p></div></div>`;
}

/** @param {any[]} results */
function madeBy(results) {
  const steps = results.flatMap(({ commands: { data, train, evaluate, evidence }, how }) => [
    ["Data", data, ""],
    ["Networks, one for each loss", train, ""],
    ["Scores beside the paper\u2019s", evaluate, ""],
    ["Verdict, table, curves, intervals", evidence, how],
  ]);
  const rows = steps
    .filter(([, command]) => command)
    .map(([what, command, more]) => `<dt>${what}</dt><dd><code>${command}</code>${more && `<p>${more}</p>`}</dd>`);
  return `<div class="card made"><h2>How it was made</h2><dl>${rows.join("")}</dl></div>`;
}

/**
 * Where the weight mass goes over the data set.
 * @param {any} shares from dbce.scores.shares.shares_summary
 * @param {SharesChart} chart
 */
function masses({ heading, said, command, rows }, chart) {
  const heads = ["small", "middle", "large"].map((head) => `<th scope="col">${head}</th>`).join("");
  const body = rows.map(
    ({ name, thirds }) =>
      `<tr><th scope="row">${explained(name)}</th>${thirds.map((v) => `<td>${v.toFixed(1)}</td>`).join("")}</tr>`,
  );
  const table = `<table class="wide more"><thead><tr><td>thirds by size, %</td>${heads}</tr></thead>
    <tbody>${body.join("")}</tbody></table>`;
  return `<div class="card masses"><h2>Where the weight mass goes</h2><p class="quiet">${explained(heading)}</p>
    <div class="beside"><figure><div class="chart">${chart.svg()}</div><figcaption>${said}</figcaption></figure>
    <div>${scrolled(table)}<p class="quiet">Made by <code>${command}</code>.</p></div></div></div>`;
}

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function results(viewer) {
  const { titles, results, findings: found, shares, radius: paper } = viewer.config;
  const chart = shares && new SharesChart(shares.rows, shares.axis);
  const cards = results.map(
    (result) => `<div class="card"><h2>${result.title}</h2><p class="quiet">${explained(result.setting)}</p>
      ${(result.columns.length > 4 ? longTable : table)(result, titles)}
      <div class="halves">${result.more ? `<div>${more(result.more)}</div>` : ""}
      <ul class="said">${result.differences.map((sentence) => `<li>${sentence}</li>`).join("")}</ul></div></div>`,
  );
  const { seen } = viewer.nouns;
  const mass = shares ? masses(shares, chart) : "";
  const made = results.length ? madeBy(results) : "";
  viewer.$("#view-results").innerHTML =
    (found ? findings(found) : "") +
      repeated(viewer.config.repeats) +
      learned(viewer.config.learning) +
      testCurves(viewer.config) +
      mass +
      cards.join("") +
      made || NONE;

  function draw() {
    if (!shares) return;
    const { study } = viewer;
    const held = study.labelled ? study.valid - study.areas[0][0] : 0;
    const own = shares.rows.filter(({ key }) => held && study.weightings.includes(key));
    const holds = Object.fromEntries(own.map(({ key }) => [key, study.shares(key, paper)[0]]));
    chart.mark(viewer.$(".masses .chart"), held ? (100 * held) / study.valid : null, holds, seen);
  }
  return { draw };
}
