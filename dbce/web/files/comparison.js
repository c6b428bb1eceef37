// Sets of predictions on many images, as tables to take along. Twin of dbce/scores/comparison.py.

/** @typedef {import("../core/metrics.js").Scores} Scores */
/**
 * @typedef {object} Row an image
 * @property {string} name
 * @property {number | null} area share of the pixels that count which is object; null without a mask
 * @property {Record<string, Scores>} scores by network or set; empty without a mask
 * @property {number} disagreement
 */
/** @typedef {{title: string, count: number, means: Record<string, Scores>}} Group means in percent */
/** @typedef {Record<string, string>} Titles of networks and sets */

const THIRDS = 30; // images from which on they are parted into thirds by size; from HALVES on into halves
const HALVES = 6;
const SCORES = /** @type {const} */ (["dice", "iou", "precision", "recall"]);
const HEADINGS = { dice: "mDice", iou: "mIoU", precision: "mPrec.", recall: "mRec." };
const SIZE = 320;

/**
 * All images that have a mask, then those with small, middle and large objects.
 * @param {Row[]} rows
 * @returns {Group[]}
 */
export function groupsOf(rows) {
  const judged = rows.filter(({ scores }) => Object.keys(scores).length);
  judged.sort((a, b) => (a.area ?? 0) - (b.area ?? 0));
  const count = judged.length;
  if (!count) return [];
  const titles = count >= THIRDS ? ["small", "middle", "large"] : count >= HALVES ? ["small", "large"] : [];
  const whole = count === 1 ? "1 image" : `all ${count} images`;
  const [each, more] = [Math.floor(count / titles.length), count % titles.length];
  let from = 0;
  const parts = titles.map((words, k) => {
    const part = judged.slice(from, (from += each + +(k < more)));
    return groupOf(`${words} objects`, part);
  });
  return [groupOf(whole, judged), ...parts];
}

/** @param {string} title @param {Row[]} rows @returns {Group} */
function groupOf(title, rows) {
  const mean = (/** @type {string} */ loss, /** @type {keyof Scores} */ score) =>
    (100 * rows.reduce((sum, { scores }) => sum + scores[loss][score], 0)) / rows.length;
  const means = Object.keys(rows[0].scores).map((loss) => [
    loss,
    Object.fromEntries(SCORES.map((score) => [score, mean(loss, score)])),
  ]);
  return { title, count: rows.length, means: Object.fromEntries(means) };
}

/** @param {Group[]} groups @param {Titles} titles @returns {[string[], string[][]]} heads, and rows, one a set */
function tableOf([whole, ...parts], titles) {
  const dice = parts.map(({ title, count }) => `${HEADINGS.dice}, ${title} (${count})`);
  const rows = Object.entries(whole.means).map(([loss, means]) => [
    titles[loss] ?? loss,
    ...SCORES.map((score) => means[score].toFixed(2)),
    ...parts.map((part) => part.means[loss].dice.toFixed(2)),
  ]);
  return [["", ...SCORES.map((score) => HEADINGS[score]), ...dice], rows];
}

/** What a table of these shows, in one sentence. @param {Group[]} groups @param {number} threshold */
function tableNote(groups, threshold = 0.5) {
  const parts = groups.length > 1 ? ", parts of equal number by the area of the object" : "";
  const count = groups[0].count === 1 ? "one image" : `the mean over ${groups[0].count} images`;
  return (
    `Percent, ${count}${parts}, at ${SIZE} \u00d7 ${SIZE} px, p > ${threshold}. Differences come without an ` +
    "interval, so small ones may be chance."
  );
}

/** @param {Group[]} groups @param {Titles} titles */
export function comparisonMarkdown(groups, titles) {
  const [heads, rows] = tableOf(groups, titles);
  const lines = [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n\n${tableNote(groups)}`;
}

/** With the rules of booktabs. @param {Group[]} groups @param {Titles} titles */
export function comparisonLatex(groups, titles) {
  const [heads, rows] = tableOf(groups, titles);
  const line = (/** @type {string[]} */ cells) => `${cells.map(escaped).join(" & ")} \\\\`;
  return [
    `% ${escaped(tableNote(groups))}`,
    `\\begin{tabular}{l${"r".repeat(heads.length - 1)}}`,
    ...["\\toprule", line(heads), "\\midrule", rows.map(line).join("\n"), "\\bottomrule", "\\end{tabular}"],
  ].join("\n");
}

/** For LaTeX. @param {string} text */
function escaped(text) {
  for (const sign of "&%_#$") text = text.replaceAll(sign, `\\${sign}`);
  return text.replaceAll("\u00d7", "$\\times$").replaceAll(" > ", " $>$ ");
}

/** One line an image and network; shares between 0 and 1. @param {Row[]} rows @param {Titles} titles */
export function comparisonCsv(rows, titles) {
  const lines = [["image", "set", ...SCORES, "object_share", "disagreement"]];
  for (const { name, area, scores, disagreement } of rows)
    for (const [loss, values] of Object.entries(scores))
      lines.push([
        ...[name, titles[loss] ?? loss, ...SCORES.map((score) => values[score].toFixed(6))],
        ...[area === null ? "" : area.toFixed(6), disagreement.toFixed(6)],
      ]);
  return lines.map((cells) => `${cells.map(quoted).join(",")}\n`).join("");
}

/** As Python's csv does. @param {string} cell */
const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
