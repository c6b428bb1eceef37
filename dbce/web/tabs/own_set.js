// What Set says of the visitor's own images beyond what it says of any set, and their tables to take along.
import { FEWEST } from "../core/own_set.js";
import {
  comparisonCsv,
  comparisonLatex,
  comparisonMarkdown,
  comparisonTableCsv,
  tableOf,
} from "../files/comparison.js";
import { offerFile } from "../parts/file.js";
import { meansTable } from "../parts/table.js";

/** @typedef {import("../app/bench.js").Bench} Bench */
/** @typedef {import("../core/own_set.js").Item} Item */
/** @typedef {import("../core/groups.js").Row} Row */
/** @typedef {import("../core/groups.js").Group} Group */

const TYPES = { csv: "text/csv", md: "text/markdown", tex: "text/x-tex" };

/** Why there is nothing to show. @param {Bench | null} bench */
export function whyNothing(bench) {
  const done = bench?.items.filter(({ row }) => row?.wrong.length).length ?? 0;
  return bench?.items.length && done < FEWEST
    ? `${done} of at least ${FEWEST} images with a mask are scored; then they stand here, one dot an image.`
    : "Drop a folder of images and masks here, or choose one: images/ beside masks/, or frame.jpg beside " +
        "frame_mask.png. Predictions of your own network in predictions/NAME/ are compared with the networks here.";
}

/** How far a run is, and which images are not here. @param {Bench} bench @param {{unshared: number}} set */
export function howFar({ items, listed }, { unshared }) {
  const parts = [
    ...(listed.length < items.length ? [`So far ${listed.length} of ${items.length} images.`] : []),
    ...(unshared ? [`${unshared} that lack a prediction of some set are not here.`] : []),
  ];
  return parts.join(" ");
}

/** @param {Item[]} items @returns {Row[]} */
const rowsOf = (items) =>
  items.map(({ name, row }) => {
    const { scores, sure, disagreement, held } = /** @type {import("../core/own_set.js").Row} */ (row);
    return { name, scores, sure, disagreement, pixels: held?.[1] ?? 0, area: held && held[0] / Math.max(1, held[1]) };
  });

/** Means of a set are the same as long as it is. @type {WeakMap<object, Promise<Group[]>>} */
const known = new WeakMap();

/**
 * Means and intervals, computed beside the page.
 * @param {Bench} bench
 * @param {any} set as of `setOf`
 */
function groupsFor(bench, set) {
  if (!known.has(set)) known.set(set, bench.aside.ask("means", { rows: rowsOf(set.items), members: set.groups }));
  return /** @type {Promise<Group[]>} */ (known.get(set));
}

/**
 * The table of means, when all that is run has been.
 * @param {HTMLElement} card
 * @param {import("../app/viewer.js").Viewer} viewer
 * @param {any} set as of `setOf`; null where it is not the visitor's own
 */
export async function showMeans(card, { bench, config }, set) {
  card.hidden = true;
  if (!set || bench.running) return;
  const groups = await groupsFor(bench, set);
  if (bench.set !== set) return; // another is drawn
  const table = tableOf(groups, config.titles);
  card.querySelector(".scroll").innerHTML = meansTable(table);
  card.querySelector("p").textContent = `${table.note} Networks as they were trained.`;
  card.hidden = false;
}

/**
 * One row an image and network, or the table of means.
 * @param {"csv" | "table" | "md" | "tex"} kind
 * @param {import("../app/viewer.js").Viewer} viewer
 * @param {any} set as of `setOf`
 */
export async function takeOwn(kind, { bench, config: { titles } }, set) {
  const { items, listed } = bench;
  const writers = { table: comparisonTableCsv, md: comparisonMarkdown, tex: comparisonLatex };
  const text =
    kind === "csv" ? comparisonCsv(rowsOf(listed), titles) : writers[kind](await groupsFor(bench, set), titles);
  const part = listed.length < items.length ? `-${listed.length}-of-${items.length}` : "";
  const [ending, of] = kind === "table" ? ["csv", "-means"] : [kind, ""];
  offerFile(`dbce-your-images${of}${part}.${ending}`, TYPES[ending], text);
}
