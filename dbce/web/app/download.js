// Downloads: the backend draws the figure or packs the maps of exactly what is in view; nothing is kept there.
import { IGNORE } from "../core/dilation.js";
import { bytes, packLabels } from "../core/scene.js";
import { failure } from "./opening.js";

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {import("./opening.js").Opening} opening
 * @param {string} kind of file
 */
export async function download(viewer, opening, kind) {
  const { state, study } = viewer;
  const { loss, weighting, radius, threshold, palette } = state;
  const figure = ["compare", "organs"].includes(state.tab) ? state.tab : "anatomy";
  const prior = figure === "compare" ? state.prior : "trained"; // elsewhere networks are shown as they were trained
  const view = { figure, loss, weighting, radius, threshold, palette, prior };
  const labels = study.drawn ? packLabels(study.labels, 1) : null;
  const ignored = labels && study.ignored ? packLabels(study.labels, IGNORE) : null;
  viewer.say("Preparing the file\u2026");
  try {
    const asked = { of: opening.origin, labels, ignored, view, kind };
    const file = await viewer.backend.exportView(asked, (sentence) => viewer.say(sentence));
    if (file.error) return viewer.say(file.error, true);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes(file.data)], { type: file.type }));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    viewer.say(`${file.name} was downloaded.`);
  } catch (error) {
    viewer.say(failure(error), true);
  }
}
