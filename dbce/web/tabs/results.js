// Table 1 of the paper beside the scores of the bundled networks: made from their manifest, nothing typed in.

import { best } from "../parts/table.js";
import { explained } from "../parts/term.js";

const NONE = `<div class="card"><h2>Not measured</h2><p class="quiet">These networks come without scores.
  <code>python -m dbce evaluate</code> measures them on a test set, <code>python -m dbce bundle</code> records what it
  finds for this tab.</p></div>`;

const written = (value) => (value === null ? "" : value.toFixed(2));
const columnHeads = (columns) => columns.map((name) => `<th scope="col">${explained(name)}</th>`).join("");
const scrolled = (table) => `<div class="scroll" tabindex="0">${table}</div>`;

/** @param {any} result from dbce.scores.results @param {Record<string, string>} titles */
function table({ columns, rows }, titles) {
  const most = (side, k) => {
    const values = rows.map((row) => row[side]?.[k] ?? null).filter((value) => value !== null);
    return best(values, written);
  };
  const cells = (row, side) =>
    columns
      .map((_, k) => {
        const value = row[side] ? row[side][k] : null;
        const marked = value !== null && +written(value) === most(side, k);
        return `<td class="${marked ? "best" : ""}">${written(value)}</td>`;
      })
      .join("");
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
  const most = columns.map((_, k) =>
    best(
      rows.map((row) => row.ours[k]),
      written,
    ),
  );
  const cells = (values, mark) =>
    values
      .map((value, k) => `<td class="${mark && +written(value) === most[k] ? "best" : ""}">${written(value)}</td>`)
      .join("");
  const both = (row) =>
    `<tr data-row="${row.loss}"><th scope="row">${titles[row.loss]}</th>${cells(row.ours, true)}</tr>` +
    (row.paper ? `<tr class="theirs"><th scope="row">in the paper</th>${cells(row.paper, false)}</tr>` : "");
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

function madeBy({ data, train, evaluate, evidence }) {
  const code = (command) => `<code>${command}</code>`;
  const more = evidence ? `; deviations and intervals by ${code(evidence)}` : "";
  return `Made by ${data ? `${code(data)}, ` : ""}${code(train)} for each loss, and ${code(evaluate)}${more}.`;
}

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function results(viewer) {
  const { titles, results } = viewer.config;
  const cards = results.map(
    (result) => `<div class="card"><h2>${result.title}</h2><p class="quiet">${explained(result.setting)}</p>
      ${(result.columns.length > 4 ? longTable : table)(result, titles)}
      ${result.more ? more(result.more) : ""}
      <ul class="said">${result.differences.map((sentence) => `<li>${sentence}</li>`).join("")}</ul>
      <p class="quiet">${madeBy(result.commands)}</p></div>`,
  );
  viewer.$("#view-results").innerHTML = cards.join("") || NONE;
  return { draw() {} };
}
