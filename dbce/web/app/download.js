// Downloads: the backend draws the figure or packs the maps of exactly what is in view; nothing is kept there.
import { IGNORE } from "../core/dilation.js";
import { bytes, packLabels } from "../core/scene.js";
import { offerFile } from "../parts/file.js";
import { failure } from "./opening.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */

const JUDGED = ["compare", "organs"]; // tabs that show the networks ticked there

/**
 * What every kind of file of a tab holds, in words.
 * @param {Viewer} viewer
 * @returns {Record<string, string>}
 */
function contents({ state, fields, study }) {
  const { tab, shown } = state;
  const title = fields.table.get("tab").choices.find(([value]) => value === tab)[1];
  const some = JUDGED.includes(tab) && study.losses.some((loss) => !shown.includes(loss));
  const networks = some ? "the networks in view" : "all networks";
  const [figure, maps, numbers] = {
    radius: [`Figure of ${title}`, "Weight maps at these radii", "Numbers against R"],
    results: [`Tables of ${title}`, "", "Numbers of the tables"],
  }[tab] ?? [`Figure of ${title}`, `Maps of ${networks}`, `Numbers of ${networks}`];
  return {
    png: `${figure}, PNG at 300 dpi`,
    svg: `${figure}, SVG with editable text`,
    pdf: `${figure}, PDF`,
    npz: `${maps}, NumPy .npz`,
    zip: `${maps}, 16-bit PNG`,
    csv: `${numbers}, CSV`,
  };
}

/**
 * Keep the menu at what the tab in view can give.
 * @param {Viewer} viewer
 */
export function offerDownloads(viewer) {
  const menu = viewer.$('[data-menu="download"]');
  const list = document.createElement("div");
  list.className = "files";
  menu.querySelector(".sheet").prepend(list);
  let drawn = "";
  viewer.drawers.push(() => {
    const kinds = viewer.backend.can[viewer.state.tab] ?? [];
    const texts = contents(viewer);
    const html = kinds.map((kind) => `<button type="button" data-export="${kind}">${texts[kind]}</button>`).join("");
    if (html === drawn) return;
    list.innerHTML = drawn = html;
    menu.hidden = !kinds.length;
  });
}

/**
 * All that is on the screen.
 * @param {Viewer} viewer
 * @param {import("./zoom.js").Zoom} zoom
 */
function viewOf({ fields, state }, { scale, x, y }) {
  const view = Object.fromEntries([...fields.table.keys()].map((name) => [name, state[name]]));
  const prior = state.tab === "compare" ? state.prior : "trained"; // elsewhere networks are shown as they were trained
  return { ...view, prior, zoom: [scale, x, y] };
}

/**
 * @param {{viewer: Viewer, zoom: import("./zoom.js").Zoom, opening: import("./opening.js").Opening}} parts
 * @param {string} kind of file
 */
export async function download({ viewer, zoom, opening }, kind) {
  const { study } = viewer;
  const labels = study.drawn ? packLabels(study.labels, 1) : null;
  const ignored = labels && study.ignored ? packLabels(study.labels, IGNORE) : null;
  viewer.say("Preparing the file\u2026");
  try {
    const asked = { of: opening.origin, labels, ignored, view: viewOf(viewer, zoom), kind };
    const file = await viewer.backend.exportView(asked, (sentence) => viewer.say(sentence));
    if (file.error) return viewer.say(file.error, true);
    offerFile(file.name, file.type, bytes(file.data));
    viewer.say(`${file.name} was downloaded.`);
  } catch (error) {
    viewer.say(failure(error), true);
  }
}
