// Results: the differences that the verdict speaks of, of the networks shown and of several trainings of each loss.
import { escaped } from "../parts/escape.js";
import { bar, scaleOf } from "../parts/interval.js";
import { scrolled } from "../parts/table.js";
import { explained } from "../parts/term.js";

/**
 * @typedef {object} Repeats of dbce.scores.repeats.repeats_summary
 * @property {string} title
 * @property {string[]} said
 * @property {string} heading of the differences
 * @property {[string, string]} heads of what is shown, of the trainings
 * @property {{name: string, shown: number[], repeated: number[], texts: [string, string]}[]} rows
 * @property {string} note
 * @property {string} command
 */

/**
 * The card; nothing where losses were not trained again.
 * @param {Repeats | null} repeats
 */
export function repeated(repeats) {
  if (!repeats) return "";
  const { title, said, heading, heads, rows, note, command } = repeats;
  const scale = scaleOf(rows.flatMap((row) => [row.shown, row.repeated]));
  const body = rows.map(({ name, shown, repeated, texts }) => {
    const cell = (interval, k) =>
      `<td>${bar(interval, scale, `${name}; ${heads[k]}`, 130)}<span>${texts[k]}</span></td>`;
    return `<tr><th scope="row">${escaped(name)}</th>${[shown, repeated].map(cell).join("")}</tr>`;
  });
  const columns = heads.map((head) => `<th scope="col">${escaped(head)}</th>`).join("");
  const claims = said.map((sentence) => `<li>${escaped(sentence)}</li>`).join("");
  return `<div class="card repeated"><h2>${title}</h2><ul class="said">${claims}</ul>
    ${scrolled(`<table class="wide more"><thead><tr><th scope="col">${heading}</th>${columns}</tr></thead>
    <tbody>${body.join("")}</tbody></table>`)}
    <p class="quiet">${explained(escaped(note))} Scored by <code>${command}</code>.</p></div>`;
}
