// Tables of scores.
import { percent } from "../core/format.js";

/**
 * Rows of a table below a network.
 * @param {string} caption for a screen reader
 * @param {[string, string][]} rows key and heading
 */
export const scoreTable = (caption, rows) => `<table data-needs="mask"><caption class="hide">${caption}</caption><tbody>
  ${rows.map(([key, name]) => `<tr data-score="${key}"><th scope="row">${name}</th><td></td></tr>`).join("")}
  </tbody></table>`;

/**
 * Fill one row across several networks; the best is marked as it is written, not as it was computed.
 * @param {Map<HTMLElement, number | undefined>} cells share, or undefined where there is none
 */
export function fillRow(cells) {
  const values = [...cells.values()].filter((value) => value !== undefined);
  const best = Math.max(...values.map((value) => +percent(value)));
  for (const [cell, value] of cells) {
    cell.textContent = value === undefined ? "\u2013" : percent(value);
    cell.dataset.value = value === undefined ? "" : String(value);
    cell.classList.toggle("best", value !== undefined && +percent(value) === best);
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
