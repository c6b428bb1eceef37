// The view in hand as one HTML file that works without a network and without a server: what `dbce.report` writes, made
// here of what is in this browser, and of the frame that dbce.page.document.shell wrote.
import { Unreachable } from "../backends/backend.js";
import { base64, packArrays } from "../core/scene.js";
import { png } from "../files/png.js";
import { escaped } from "../parts/escape.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */
/**
 * @typedef {object} Shell as of dbce.page.document
 * @property {string} head
 * @property {string} middle
 * @property {string} tail
 * @property {Record<string, any>} settings
 * @property {string} alone
 * @property {Record<string, string>} listed
 */

const THUMBNAIL = 96; // px, as the page's
export const PAINTED = "Its mask was painted in the page.";
/** What a file of one image has no tab for. */
const WITHOUT = {
  results: [],
  findings: null,
  learning: null,
  repeats: null,
  shares: null,
  set: null,
  report: null,
  page: undefined,
};

/** @type {Map<string, Promise<Shell>>} by address */
const shells = new Map();

/** @param {string} url @returns {Promise<Shell>} */
export function shellAt(url) {
  const address = new URL(url, document.baseURI).href;
  if (!shells.has(address)) {
    const coming = fetch(address).then(
      (answer) => {
        if (!answer.ok) throw new Unreachable(`${address}: ${answer.status}`);
        return answer.json();
      },
      (error) => Promise.reject(new Unreachable(String(error))),
    );
    coming.catch(() => shells.delete(address)); // it is asked for again
    shells.set(address, coming);
  }
  return shells.get(address);
}

/** JSON within HTML: no text in it can end it. @param {string} id @param {any} value */
const block = (id, value) =>
  `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll("<", "\\u003c")}</script>`;

/**
 * The image as it is, red, green and blue side by side.
 * @param {Uint32Array} words
 */
function rgbOf(words) {
  const out = new Uint8Array(3 * words.length);
  for (let i = 0; i < words.length; i++)
    out.set([words[i] & 255, (words[i] >> 8) & 255, (words[i] >> 16) & 255], 3 * i);
  return out;
}

/** A picture as a data URL. @param {Uint8Array} pixels red, green and blue side by side @param {number} size */
export const pictureOf = async (pixels, size) =>
  `data:image/png;base64,${base64(await png(pixels, { width: size, height: size }, 3))}`;

/** @param {ImageBitmap} bitmap */
async function thumbnailOf(bitmap) {
  const canvas = new OffscreenCanvas(THUMBNAIL, THUMBNAIL);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, THUMBNAIL, THUMBNAIL);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  return `data:${blob.type};base64,${base64(new Uint8Array(await blob.arrayBuffer()))}`;
}

/**
 * What a file holds of the image in view: its labels as they stand, painted ones too.
 * @param {Viewer} viewer
 */
export async function sceneOf({ study, image, shown }) {
  const { size, step, losses, shape, classes, labels, labelled, drawn } = study;
  const kept = Object.entries(study.arrays).filter(([name]) => !/^(labels|distance:)/.test(name));
  /** @type {import("../core/scene.js").Arrays} */
  const arrays = Object.fromEntries(drawn ? kept.filter(([name]) => !/^(map|gradient):/.test(name)) : kept);
  if (labelled) {
    arrays.labels = labels;
    study.distance.forEach((field, cls) => (arrays[`distance:${cls}`] = field));
  }
  return {
    ...{ size, title: shown.title, note: drawn ? PAINTED : shown.note, place: null, numbering: null, shape },
    ...{ classes: classes.length, losses, logit_step: step, own: drawn ? {} : study.own },
    image: await pictureOf(rgbOf(image), size),
    ...(await packArrays(arrays, size)),
  };
}

/**
 * Settings of the file: those of this page without what it has no tab for, and starting as it stands now.
 * @param {Viewer} viewer
 * @param {Shell} shell
 * @param {{examples: {thumbnail: string, title: string}[], tabs: string[], start: Record<string, any>}} held
 *   pictures of its images, its tabs, and what starts in another way
 */
export function settingsOf({ settings, state, several }, shell, { examples, tabs, start: given }) {
  const fields = settings.fields.map((/** @type {any} */ field) => {
    const { name, start: usual } = field;
    if (name === "example") return { ...field, start: 0, high: examples.length - 1 };
    const start = name in given ? given[name] : name in state && name !== "slice" ? state[name] : usual;
    if (name !== "tab") return { ...field, start };
    const choices = [["images", "Images"], ...field.choices].filter(([tab]) => tabs.includes(tab));
    return { ...field, choices, start: tabs.includes(start) ? start : several ? "organs" : "compare" };
  });
  return {
    ...{ ...settings, ...WITHOUT, ...shell.settings, fields, examples },
    tasks: settings.tasks.filter((/** @type {any} */ task) => task.here).map((task) => ({ ...task, href: "./" })),
    alone: shell.alone.replace("{seen}", settings.nouns.seen),
  };
}

/**
 * @param {Shell} shell
 * @param {string} title
 * @param {Record<string, any>} settings
 * @param {any[]} scenes one an example of the settings
 */
export function fileOf(shell, title, settings, scenes) {
  const blocks = [block("dbce-settings", settings), ...scenes.map((scene, k) => block(`dbce-scene-${k}`, scene))];
  const text = [shell.head, escaped(title), shell.middle, ...blocks.flatMap((text) => [text, "\n"]), shell.tail];
  return new Blob(text, { type: "text/html" });
}

/**
 * @param {Viewer} viewer
 * @param {string} name of the image
 * @returns {Promise<Blob>}
 */
export async function pageOf(viewer, name) {
  const { url, tabs } = viewer.settings.page;
  const shell = await shellAt(url);
  const [scene, thumbnail] = await Promise.all([sceneOf(viewer), thumbnailOf(viewer.bitmap)]);
  const held = { examples: [{ thumbnail, title: escaped(name) }], tabs, start: {} };
  return fileOf(shell, name, settingsOf(viewer, shell, held), [scene]);
}
