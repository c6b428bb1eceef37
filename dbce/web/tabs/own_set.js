// What Set says of the visitor's own images beyond what it says of any set, and their tables to take along.
import { FEWEST } from "../core/own_set.js";
import { comparisonCsv, comparisonLatex, comparisonMarkdown, groupsOf } from "../files/comparison.js";
import { offerFile } from "../parts/file.js";

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
 * One row an image and network, or the table of means.
 * @param {"csv" | "md" | "tex"} kind
 * @param {import("../app/viewer.js").Viewer} viewer
 * @param {any} set as of `setOf`
 */
export function takeOwn(kind, { bench, config: { titles } }, set) {
  const { items, listed } = bench;
  const rows = (kind === "csv" ? listed : set.items).map(({ name, row }) => ({
    ...{ name, scores: row.scores, disagreement: row.disagreement },
    area: row.held && row.held[0] / Math.max(1, row.held[1]),
  }));
  const writers = {
    csv: () => comparisonCsv(rows, titles),
    md: () => comparisonMarkdown(groupsOf(rows), titles),
    tex: () => comparisonLatex(groupsOf(rows), titles),
  };
  const part = listed.length < items.length ? `-${listed.length}-of-${items.length}` : "";
  offerFile(`dbce-your-images${part}.${kind}`, TYPES[kind], writers[kind]());
}
