// Downloads of exactly what is in view. The page writes what it can; for the rest, and for figures where there is a
// backend that draws them, it asks.
import { IGNORE } from "../core/dilation.js";
import { bytes, packLabels } from "../core/scene.js";
import { mapsOf, npzOf, picturesOf } from "../files/maps.js";
import { fileName } from "../files/name.js";
import { onPaper, rastered } from "../files/paper.js";
import { radiiCsv, resultsCsv, scoresCsv } from "../files/tables.js";
import { offerFile } from "../parts/file.js";
import { failure } from "./opening.js";
import { pageOf } from "./page_file.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */
/** @typedef {import("./events.js").Parts} Parts */
/** @typedef {{error?: string, name?: string, type?: string, data?: BlobPart}} Written */

const JUDGED = ["compare", "organs"]; // tabs that show the networks ticked there
const SHARP = 300 / 96; // pixels of a PNG a CSS pixel
/** @type {Record<string, string>} */
const TYPES = {
  png: "image/png",
  svg: "image/svg+xml",
  npz: "application/octet-stream",
  zip: "application/zip",
  csv: "text/csv",
  html: "text/html",
};

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
    html: "Page that works offline, HTML",
  };
}

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * Keep the menu at what the tab in view can give. How large a page would be is said when the menu is opened.
 * @param {Viewer} viewer
 */
export function offerDownloads(viewer) {
  const { page } = viewer.config;
  let size = "";
  const menu = viewer.$('[data-menu="download"]');
  const list = document.createElement("div");
  list.className = "files";
  menu.querySelector(".sheet").prepend(list);
  /** @type {string | null} */
  let drawn = null;
  viewer.drawers.push(() => {
    const { tab } = viewer.state;
    const kinds = [...(viewer.config.formats[tab] ?? []), ...(page?.tabs.includes(tab) ? ["html"] : [])];
    const texts = contents(viewer);
    texts.html += size;
    const html = kinds.map((kind) => `<button type="button" data-export="${kind}">${texts[kind]}</button>`).join("");
    if (html === drawn) return;
    list.innerHTML = drawn = html;
    menu.hidden = !kinds.length;
  });
  viewer.followers.push(() => (size = ""));
  menu.addEventListener("toggle", async () => {
    size = "";
    if (!menu.open || !page?.tabs.includes(viewer.state.tab)) return;
    const made = await pageOf(viewer, "").catch(() => null); // a click says what is wrong
    size = made ? `, ${megabytes(made.size)}` : "";
    viewer.set({});
  });
}

/**
 * All that is on the screen.
 * @param {Viewer} viewer
 * @param {import("./zoom.js").Zoom} zoom
 * @returns {Record<string, any>}
 */
function viewOf({ fields, state }, { scale, x, y }) {
  const view = Object.fromEntries([...fields.table.keys()].map((name) => [name, state[name]]));
  const prior = state.tab === "compare" ? state.prior : "trained"; // elsewhere networks are shown as they were trained
  return { ...view, prior, zoom: [scale, x, y] };
}

/**
 * Whether the page writes a file by itself. A backend draws better figures, and knows more of several classes.
 * @param {Viewer} viewer
 * @param {string} kind
 */
function isOurs({ backend, state, several, study, config }, kind) {
  const theirs = backend.can[state.tab]?.includes(kind);
  const given = config.own?.some((/** @type {string} */ set) => study.losses.includes(set)); // known to nobody else
  return !theirs || kind === "csv" || (given && kind !== "pdf") || (["npz", "zip"].includes(kind) && !several);
}

/**
 * @param {Parts} parts
 * @param {string} kind of file
 */
export async function download(parts, kind) {
  const { viewer } = parts;
  viewer.say("Preparing the file\u2026");
  try {
    const file = await (isOurs(viewer, kind) ? written(parts, kind) : asked(parts, kind));
    if (file.error) return viewer.say(file.error, true);
    offerFile(file.name, file.type, file.data);
    const held =
      kind === "html" ? `, ${megabytes(/** @type {Blob} */ (file.data).size)}: it holds the image itself` : "";
    viewer.say(`${file.name} was downloaded${held}.`);
  } catch (error) {
    viewer.say(failure(error), true);
  }
}

/** @type {(parts: Parts, kind: string) => Promise<Written>} by the backend */
async function asked({ viewer, zoom, opening }, kind) {
  const { study, config } = viewer;
  if (config.own?.some((/** @type {string} */ set) => study.losses.includes(set)))
    return { error: "The server does not have your predictions, and draws no PDF of them; take SVG or PNG." };
  const labels = study.drawn ? packLabels(study.labels, 1) : null;
  const ignored = labels && study.ignored ? packLabels(study.labels, IGNORE) : null;
  const request = { of: opening.origin, labels, ignored, view: viewOf(viewer, zoom), kind };
  const { error, name, type, data } = await viewer.backend.exportView(request, (sentence) => viewer.say(sentence));
  return error ? { error } : { name, type, data: bytes(data) };
}

/** @type {(parts: Parts, kind: string) => Promise<Written>} by the page */
async function written({ viewer, zoom, opening }, kind) {
  const { config, several, image } = viewer;
  const view = viewOf(viewer, zoom);
  const study = view.prior === "corrected" ? viewer.judged : viewer.study;
  if (!study.labelled && needsMask(view, kind, config)) return { error: config.needs_mask };
  const shown = JUDGED.includes(view.tab) && view.shown.length ? view.shown : study.losses;
  const networks = study.losses.filter((/** @type {string} */ loss) => shown.includes(loss));
  const name = nameOf(viewer, opening);
  const wanted = { study, image, view, networks, radii: config.radii, config, name };
  const tables = { radius: radiiCsv, results: () => resultsCsv(config) };
  /** @type {Record<string, () => Promise<string | Uint8Array | Blob>>} */
  const writers = {
    csv: async () => (tables[view.tab] ?? scoresCsv)(wanted),
    npz: () => npzOf(mapsOf(wanted)),
    zip: () => picturesOf(mapsOf(wanted), several),
    svg: async () => paperOf(viewer, name).svg,
    png: () => rastered(paperOf(viewer, name), SHARP),
    html: () => pageOf(viewer, name),
  };
  const data = /** @type {BlobPart} */ (await writers[kind]());
  return {
    name: fileName(view, kind, name, /** @type {any} */ (config)),
    ...{ type: TYPES[kind], data },
  };
}

/** @type {(view: any, kind: string, config: any) => boolean} whether a file cannot be made without a mask */
function needsMask({ tab }, kind, { radius_curve: curve }) {
  if (tab === "results" || kind === "html") return false;
  return tab === "radius" ? !["npz", "zip"].includes(kind) && !curve : kind === "csv";
}

/** @type {(viewer: Viewer, opening: import("./opening.js").Opening) => string} of the image, and of its slice */
function nameOf({ study: { place }, config: { set } }, { origin: { plane, image, example } }) {
  const ofSet = set && set.first !== null ? set.names[example - set.first] : undefined; // its pictures may not be here
  const name = plane?.name ?? image?.name ?? ofSet ?? `example ${example + 1}`;
  return place ? `${name}, slice ${place[0] + 1}` : name;
}

/** The view in light colours, whatever it is in. @param {Viewer} viewer @param {string} name */
export function paperOf(viewer, name) {
  const { root, state } = viewer;
  const title = viewer.fields.table.get("tab").choices.find(([value]) => value === state.tab)[1];
  const { theme } = root.dataset;
  dispatchEvent(new Event("beforeprint")); // what is drawn only where it is seen is drawn now
  root.dataset.theme = "light";
  root.classList.add("paper");
  try {
    const heading = state.tab === "results" ? title : `${title}, ${name}`;
    return onPaper(viewer.$(`#view-${state.tab}`), heading);
  } finally {
    root.dataset.theme = theme;
    root.classList.remove("paper");
  }
}
