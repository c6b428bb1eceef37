// Sets of predictions on many images, as tables to take along. Twin of dbce/scores/comparison_table.py.
import { UNSURE } from "../core/calibration.js";
import { SCORES } from "../core/groups.js";

/** @typedef {import("../core/groups.js").Row} Row */
/** @typedef {import("../core/groups.js").Group} Group */
/** @typedef {import("../core/groups.js").Interval} Interval */
/** @typedef {Record<string, string>} Titles of networks and sets */
/** @typedef {{head: string, cells: (Interval | undefined)[]}} Column a cell a set, undefined where it has none */

const HEADINGS = { dice: "mDice", iou: "mIoU", precision: "mPrec.", recall: "mRec." };
const CALIBRATION = { gap: "ECE", brier: "Brier" };
const SIZE = 320;
const NOTHING = "\u2013";
const DIFFERENCE = "Dice less";

/** @param {Group[]} groups @param {Titles} titles @returns {Column[]} */
function columnsOf([whole, ...parts], titles) {
  const sets = Object.keys(whole.cells);
  const of = (/** @type {Group} */ group, /** @type {string} */ key) => sets.map((set) => group.cells[set][key]);
  const columns = SCORES.map((score) => ({ head: HEADINGS[score], cells: of(whole, score) }));
  if (Object.keys(whole.differences).length)
    columns.push({
      head: `${DIFFERENCE} that of ${titles[sets[0]] ?? sets[0]}`,
      cells: sets.map((set) => whole.differences[set]),
    });
  if (isCalibrated(whole))
    for (const [key, head] of Object.entries(CALIBRATION)) columns.push({ head, cells: of(whole, key) });
  for (const part of parts)
    columns.push({ head: `${HEADINGS.dice}, ${part.title} (${part.count})`, cells: of(part, "dice") });
  return columns;
}

/** @param {Group} group whether any set has probabilities */
const isCalibrated = ({ cells }) => Object.values(cells).some((row) => "gap" in row);

/** @param {Interval} interval whether it has ends */
const hasEnds = ({ low }) => Number.isFinite(low);

/** @param {Interval | undefined} cell @param {boolean} signed */
function textOf(cell, signed) {
  if (!cell) return NOTHING;
  const text = (/** @type {number} */ value) => {
    const [less, digits] = [value < 0 || Object.is(value, -0), Math.abs(value).toFixed(2)];
    return (less ? "\u2212" : signed ? "+" : "") + digits;
  };
  return hasEnds(cell) ? `${text(cell.mean)} [${text(cell.low)}, ${text(cell.high)}]` : text(cell.mean);
}

/**
 * Scores over all images, from the second set on the difference to the first, calibration where there are
 * probabilities, and Dice in every part; with 95 % intervals in brackets where there are enough images.
 * @param {Group[]} groups
 * @param {Titles} titles
 * @returns {{heads: string[], rows: string[][], note: string}} a row a set
 */
export function tableOf(groups, titles) {
  const columns = columnsOf(groups, titles);
  const rows = Object.keys(groups[0].cells).map((set, k) => [
    titles[set] ?? set,
    ...columns.map(({ head, cells }) => textOf(cells[k], head.startsWith(DIFFERENCE))),
  ]);
  return { heads: ["", ...columns.map(({ head }) => head)], rows, note: tableNote(groups) };
}

/** What a table of these shows, in sentences. @param {Group[]} groups @param {number} threshold */
function tableNote(groups, threshold = 0.5) {
  const [whole] = groups;
  const parts = groups.length > 1 ? ", parts of equal number by the area of the object" : "";
  const count = whole.count === 1 ? "one image" : `the mean over ${whole.count} images`;
  const said = [`Percent, ${count}${parts}, at ${SIZE} \u00d7 ${SIZE} px, p > ${threshold}.`];
  const over = whole.clusters < whole.count ? `the ${whole.clusters} sequences` : "the images";
  said.push(
    whole.size
      ? `In brackets 95 % intervals from ${whole.size} bootstrap samples of ${over}, the same for all sets, so that ` +
          "differences are paired; of the chance of another training they say nothing."
      : "Differences come without an interval, so small ones may be chance.",
  );
  if (isCalibrated(whole))
    said.push(
      `ECE: expected calibration error, in points, of the pixels with a probability between ${UNSURE[0]} and ` +
        `${UNSURE[1]}, in ten bins; Brier: mean squared error of the probabilities of all pixels, times 100.`,
    );
  return said.join(" ");
}

/** @param {Group[]} groups @param {Titles} titles */
export function comparisonMarkdown(groups, titles) {
  const { heads, rows, note } = tableOf(groups, titles);
  const lines = [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n\n${note}`;
}

/** With the rules of booktabs. @param {Group[]} groups @param {Titles} titles */
export function comparisonLatex(groups, titles) {
  const { heads, rows, note } = tableOf(groups, titles);
  const line = (/** @type {string[]} */ cells) => `${cells.map(escaped).join(" & ")} \\\\`;
  return [
    `% ${escaped(note)}`,
    `\\begin{tabular}{l${"r".repeat(heads.length - 1)}}`,
    ...["\\toprule", line(heads), "\\midrule", rows.map(line).join("\n"), "\\bottomrule", "\\end{tabular}"],
  ].join("\n");
}

/** For LaTeX. @param {string} text */
function escaped(text) {
  for (const sign of "&%_#$") text = text.replaceAll(sign, `\\${sign}`);
  const commands = { "\u00d7": "$\\times$", " > ": " $>$ ", "\u2212": "$-$", [NOTHING]: "--" };
  for (const [sign, command] of Object.entries(commands)) text = text.replaceAll(sign, command);
  return text;
}

/** Of every column its value, and where there are intervals their ends in two more. Twin of comparison_table_csv. */
export function comparisonTableCsv(/** @type {Group[]} */ groups, /** @type {Titles} */ titles) {
  const heads = ["set"];
  const rows = Object.keys(groups[0].cells).map((set) => [titles[set] ?? set]);
  const written = (/** @type {number | undefined} */ value) => (value === undefined ? "" : value.toFixed(4));
  for (const { head, cells } of columnsOf(groups, titles)) {
    const between = cells.some((cell) => cell && hasEnds(cell));
    heads.push(head, ...(between ? [`${head}, low`, `${head}, high`] : []));
    cells.forEach((cell, k) => {
      const ends = between ? [cell?.low, cell?.high] : [];
      rows[k].push(written(cell?.mean), ...ends.map(written));
    });
  }
  return csvOf([heads, ...rows]);
}

/** One line an image and network; shares between 0 and 1. @param {Row[]} rows @param {Titles} titles */
export function comparisonCsv(rows, titles) {
  const lines = [["image", "set", ...SCORES, "object_share", "disagreement", "brier"]];
  for (const { name, area, scores, disagreement, sure, pixels } of rows)
    for (const [loss, values] of Object.entries(scores))
      lines.push([
        ...[name, titles[loss] ?? loss, ...SCORES.map((score) => values[score].toFixed(6))],
        ...[area === null ? "" : area.toFixed(6), disagreement.toFixed(6)],
        loss in sure && pixels ? (sure[loss].brier / pixels).toFixed(6) : "",
      ]);
  return csvOf(lines);
}

/** @param {string[][]} lines */
const csvOf = (lines) => lines.map((cells) => `${cells.map(quoted).join(",")}\n`).join("");

/** As Python's csv does. @param {string} cell */
const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
