// All images of a report: means, how they were read, and the list from which each is opened.
import { percent } from "../core/format.js";
import { meansTable } from "../parts/table.js";
import { sample } from "../parts/threshold_chart.js";
import { trainingCharts } from "../parts/training_charts.js";

/**
 * @typedef {object} Row an image, its numbers as shares
 * @property {number} example
 * @property {string} name
 * @property {number | null} area of the object
 * @property {number} disagreement
 * @property {Record<string, number>} dice by set
 */

/** @param {number | null | undefined} v */
const inPercent = (v) => (v === null || v === undefined ? "\u2013" : percent(v));

/**
 * The rows in an order: by name, by the size of the object, by disagreement, or by the Dice of a set.
 * @param {Row[]} rows
 * @param {string} order
 */
export function sorted(rows, order) {
  const [kind, of] = order.split("/");
  /** @type {Record<string, (row: Row) => number>} */
  const keys = {
    disagreement: (row) => -row.disagreement,
    dice: (row) => row.dice[of] ?? Infinity,
    area: (row) => row.area ?? Infinity,
    name: (row) => row.example,
  };
  const key = keys[kind];
  return [...rows].sort((a, b) => key(a) - key(b) || a.example - b.example);
}

/** @param {{heads: string[], rows: string[][], note: string}} table from dbce.scores.comparison_table */
const means = (table) => `<div class="scroll">${meansTable(table)}</div><p class="quiet">${table.note}</p>`;

/** @param {string} summary @param {string[]} lines @param {boolean} open */
const listing = (summary, lines, open) =>
  lines.length
    ? `<details ${open ? "open" : ""}><summary>${summary}</summary>
       <ul>${lines.map((line) => `<li>${line}</li>`).join("")}</ul></details>`
    : `<p class="quiet">${summary}</p>`;

/**
 * Every image of a network that is learning, in small pictures that lead to the large ones.
 * @param {{title: string, tab: string, picture: string}[][]} pictures by image
 * @param {Row[]} rows
 * @param {string} said
 */
function glances(pictures, rows, said) {
  const lines = pictures.map((panels, k) => {
    const figures = panels.map(
      ({ title, tab, picture }) => `<figure><button type="button" data-example="${k}" data-tab="${tab}">
        <img src="${picture}" alt="${title} of ${rows[k].name}"></button><figcaption>${title}</figcaption></figure>`,
    );
    const dice = Object.values(rows[k].dice).map((value) => `Dice ${percent(value)}`);
    const captioned = `<h3>${rows[k].name} <span class="quiet">${dice.join("")}</span></h3>`;
    return `<div>${captioned}<div class="glance">${figures.join("")}</div></div>`;
  });
  return `<div class="card glances"><p class="quiet">${said}</p>${lines.join("")}</div>`;
}

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function images(viewer) {
  const { config, state, fields } = viewer;
  const { title, table, said, read, left, rows, orders, learning } = config.report;
  const view = viewer.$("#view-images");
  const next = fields.table.get("tab").choices.find(([tab]) => tab === "compare" || tab === "organs")[0];
  const losses = config.losses;
  if (learning) {
    view.innerHTML = trainingCharts(learning) + glances(learning.pictures, rows, said);
    return { draw: () => {} };
  }
  view.innerHTML = `<div class="card"><h2>${title}</h2>${table ? means(table) : ""}
      <div class="intake"><p>${said}</p>${listing(`How they were read: ${read.length}`, read, false)}
      ${listing(`Left out: ${left.length}`, left, left.length < 6)}</div></div>
    <div class="card list"><div class="row"><h2>Images</h2><label class="order">Order <select>${orders
      .map(([value, text]) => `<option value="${value}">${text}</option>`)
      .join("")}</select></label></div>
    <div class="listhead" aria-hidden="true"><span></span><span>image</span><span>object</span><span>Dice</span>
      <span>disagreement</span></div>
    <ol></ol></div>`;
  const list = view.querySelector("ol");
  const select = /** @type {HTMLSelectElement} */ (view.querySelector("select"));

  /** @param {Row} row @param {string} loss */
  function bar(row, loss) {
    const value = row.dice[loss];
    if (value === undefined) return "";
    const [colour] = config.lines[loss];
    return `<span class="dice">${sample(config.lines[loss])}<span class="name">${config.titles[loss]}</span>
      <i style="--part:${value};--colour:${colour}"></i><b>${percent(value)}</b></span>`;
  }

  /** @param {Row} row */
  const line = (row) => `<li><button type="button" data-example="${row.example}" data-tab="${next}">
      <img src="${config.examples[row.example].thumbnail}" alt="" loading="lazy">
      <span class="title">${row.name}</span>
      <span class="number"><span class="what">object </span>${inPercent(row.area)} %</span>
      <span class="dices">${losses.map((loss) => bar(row, loss)).join("") || "no mask"}</span>
      <span class="number"><span class="what">disagreement </span>${inPercent(row.disagreement)} %</span>
      </button></li>`;

  const fill = () => (list.innerHTML = sorted(rows, select.value).map(line).join(""));
  select.addEventListener("change", () => {
    fill();
    draw();
  });
  fill();
  let scrolled = null; // the image to which the strip of thumbnails was moved last
  viewer.drawers.push(() => {
    const strip = viewer.found.one(".examples");
    const now = strip.querySelector(`[data-example="${state.example}"]`);
    if (state.example === scrolled || !now || !strip.clientWidth) return;
    scrolled = state.example;
    strip.scrollLeft = now.offsetLeft - strip.offsetLeft - (strip.clientWidth - now.clientWidth) / 2;
  });

  function draw() {
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("button")))
      button.setAttribute("aria-current", String(+button.dataset.example === state.example));
  }
  return { draw };
}
