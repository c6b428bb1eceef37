// What Set says of the visitor's own images beyond what it says of any set, and their means to take along.
import { FEWEST } from "../core/own_set.js";
import { comparisonLatex, comparisonMarkdown, comparisonTableCsv, tableOf } from "../files/comparison.js";
import { offerFile } from "../parts/file.js";
import { meansTable } from "../parts/table.js";

/** @typedef {import("../app/bench.js").Bench} Bench */

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

/**
 * The table of means, when all that is run has been.
 * @param {HTMLElement} card
 * @param {import("../app/viewer.js").Viewer} viewer
 * @param {any} set as of `setOf`; null where it is not the visitor's own
 */
export async function showMeans(card, { bench, config }, set) {
  card.hidden = true;
  if (!set || bench.running) return;
  const groups = await bench.means();
  if (bench.set !== set) return; // another is drawn
  const table = tableOf(groups, config.titles);
  card.querySelector(".scroll").innerHTML = meansTable(table);
  card.querySelector("p").textContent = `${table.note} Networks as they were trained.`;
  card.hidden = false;
}

/**
 * The table of means.
 * @param {"table" | "md" | "tex"} kind
 * @param {import("../app/viewer.js").Viewer} viewer
 */
export async function takeMeans(kind, { bench, config: { titles } }) {
  const { items, listed } = bench;
  const writers = { table: comparisonTableCsv, md: comparisonMarkdown, tex: comparisonLatex };
  const text = writers[kind](await bench.means(), titles);
  const part = listed.length < items.length ? `-${listed.length}-of-${items.length}` : "";
  const ending = kind === "table" ? "csv" : kind;
  offerFile(`dbce-your-means${part}.${ending}`, TYPES[ending], text);
}
