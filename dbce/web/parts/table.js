// Tables of scores.
import { percent } from "../core/format.js";
import { explained } from "./term.js";
import { attribute, write } from "./write.js";

/** A table that is scrolled where it is wider than its room. @param {string} table */
export const scrolled = (table) => `<div class="scroll" tabindex="0">${table}</div>`;

const scoreRow = (key, name) => `<tr data-score="${key}"><th scope="row">${name}</th><td></td></tr>`;

/**
 * Rows of a table below a network.
 * @param {string} caption for a screen reader
 * @param {[string, string][]} rows key and heading
 */
export const scoreTable = (caption, rows) => `<table data-needs="mask"><caption class="hide">${caption}</caption><tbody>
  ${rows.map(([key, name]) => scoreRow(key, name[0] === "<" ? name : explained(name))).join("")}
  </tbody></table>`;

/**
 * The largest of several shares as they are written, not as they were computed; NaN where none is the best: where only
 * one is shown, where the largest values tie, at 0.0.
 * @param {number[]} values
 * @param {(value: number) => string} write
 */
export function best(values, write = percent) {
  const written = values.map((value) => +write(value));
  const most = Math.max(...written);
  return written.length > 1 && most > 0 && written.filter((value) => value === most).length === 1 ? most : NaN;
}

/**
 * Fill one row across several networks, and mark the best.
 * @param {Map<HTMLElement, number | undefined>} cells share, or undefined where there is none
 */
export function fillRow(cells) {
  const most = best([...cells.values()].filter((value) => value !== undefined));
  for (const [cell, value] of cells) {
    write(cell, value === undefined ? "\u2013" : percent(value));
    attribute(cell, "data-value", value === undefined ? "" : String(value));
    cell.classList.toggle("best", value !== undefined && +percent(value) === most);
  }
}

/**
 * How far every two of several agree.
 * @param {string} title of the numbers
 * @param {string[]} keys
 * @param {Record<string, string>} titles
 * @param {(a: string, b: string) => number} agree a share
 */
export function agreementTable(title, keys, titles, agree) {
  const head = keys.slice(1).map((key) => `<td>${titles[key]}</td>`);
  const rows = keys.slice(0, -1).map((a, i) => {
    const cells = keys.slice(1).map((b, j) => `<td>${j >= i ? percent(agree(a, b)) : ""}</td>`);
    return `<tr><th scope="row">${titles[a]}</th>${cells.join("")}</tr>`;
  });
  return `<h2>How far the networks agree</h2><table><tr><th>${title}</th>${head.join("")}</tr>${rows.join("")}</table>`;
}

/**
 * Means of several sets, with their intervals below them.
 * @param {{heads: string[], rows: string[][]}} table as of dbce.scores.comparison_table
 */
export function meansTable({ heads, rows }) {
  const head = heads.map((text) => (text ? `<th scope="col">${text}</th>` : "<td></td>")).join("");
  const body = rows.map(([name, ...cells]) => {
    const values = cells.map((cell) => `<td>${cell.replace(/ (\[.*\])$/, " <small>$1</small>")}</td>`).join("");
    return `<tr><th scope="row">${name}</th>${values}</tr>`;
  });
  return `<table class="wide long"><thead><tr>${head}</tr></thead>
    <tbody>${body.join("")}</tbody></table>`;
}
