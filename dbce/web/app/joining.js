// A network that is dropped on the page: what is asked of its owner, and how it becomes one of the page's.
import { say } from "../core/say.js";
import { enlist } from "./networks.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */
/** @typedef {import("../backends/backend.js").Joined} Joined */

const PICKLE = /\.(pt|pth|ckpt|pkl|pickle|bin)$/i;
const ASKED = { normalise: "Colours", channels: "Their order", values: "It answers with" };

/**
 * Networks that joined before: the page is opened again, and they are still there.
 * @param {Viewer} viewer
 */
export async function rejoin(viewer) {
  const reply = await viewer.backend.join?.(null).catch(() => null);
  for (const one of reply?.networks ?? []) joinNetwork(viewer, one);
}

/**
 * A further network: in every list, with a line of its own.
 * @param {Viewer} viewer
 * @param {Joined} joined
 */
function joinNetwork(viewer, { name, about, remark }) {
  const { config, fields } = viewer;
  if (config.losses.includes(name)) return;
  fields.table.get("loss").label = config.joining.label;
  enlist(viewer, [name]);
  config.guests.push(name);
  config.remarks[name] = remark;
  const recipe = viewer.$('[data-out="recipe"]');
  recipe.textContent = `${recipe.textContent} Your network ${name} is ${about}`;
}

/** The image in view, RGB. @param {Viewer} viewer */
function pixelsOf({ image }) {
  const out = new Uint8Array(3 * image.length);
  for (let i = 0, k = 0; i < image.length; i++, k += 3) {
    out[k] = image[i];
    out[k + 1] = image[i] >> 8;
    out[k + 2] = image[i] >> 16;
  }
  return out;
}

/** A name for a file that no other network has. @param {string} file @param {string[]} taken */
function nameFor(file, taken) {
  const letters = file.replace(/\.\w+$/, "").replace(/[^A-Za-z0-9_-]+/g, "-");
  const stem = letters.replace(/^-+|-+$/g, "").slice(0, 26) || "mine";
  let name = stem;
  for (let k = 2; taken.includes(name); k++) name = `${stem}-${k}`;
  return name;
}

/**
 * Ask how a network is read, and add it; the page stays as it is where it does not fit.
 * @param {import("./opening.js").Opening} opening
 * @param {File} file
 * @param {(error: unknown) => string} failure what to say of one
 */
export async function takeNetwork(opening, file, failure) {
  const { viewer } = opening;
  const { config } = viewer;
  const told = config.joining;
  const count = config.losses.length + 1;
  const refuse = (/** @type {string} */ key) =>
    viewer.say(say(told, key, { name: file.name, count, most: told.most }), true);
  if (PICKLE.test(file.name)) return refuse("pickle");
  if (!config.joins || !viewer.backend.join) return refuse("closed");
  if (config.joins === "browser" && /\.safetensors$/i.test(file.name)) return refuse("browser");
  if (count > told.most) return refuse("many");
  const asked = await ask(viewer, file);
  if (!asked) return viewer.say("");
  const { name, ...reading } = asked;
  viewer.root.classList.add("busy");
  viewer.say(`Trying ${file.name}\u2026`);
  try {
    const given = { name, file, reading, image: pixelsOf(viewer), told, task: config.task };
    const reply = await viewer.backend.join(given, (sentence) => viewer.say(sentence));
    if (reply.error) return viewer.say(reply.error, true);
    const joined = reply.networks.find((one) => one.name === name);
    for (const one of reply.networks) joinNetwork(viewer, one);
    const seen = viewer.study.labels?.slice();
    const painted = viewer.study.drawn;
    await opening.open({ ...opening.origin }, { tab: viewer.several ? "organs" : "compare", second: name });
    if (painted) viewer.study.setLabels(seen);
    if (joined) viewer.say(`Your network ${name} joined. ${joined.about}`);
    viewer.render();
  } catch (error) {
    viewer.say(failure(error), true);
  } finally {
    viewer.root.classList.remove("busy");
  }
}

/**
 * What a file may not tell.
 * @param {Viewer} viewer
 * @param {File} file
 * @returns {Promise<{name: string, normalise: string, channels: string, values: string} | null>} null: not wanted
 */
function ask(viewer, file) {
  const told = viewer.config.joining;
  const dialog = document.createElement("dialog");
  dialog.className = "join";
  const choices = (/** @type {Record<string, string>} */ all) =>
    Object.entries(all).map(([value, text]) => `<option value="${value}">${text}</option>`);
  const selects = Object.entries(ASKED).map(
    ([key, label]) => `<label>${label} <select name="${key}">${choices(told[key]).join("")}</select></label>`,
  );
  dialog.innerHTML = `<form method="dialog"><h2>Your network</h2>
    <p class="file"></p>
    <label>Name <input name="name" required maxlength="30" pattern="[A-Za-z0-9_\\-]{1,30}"
      title="up to 30 letters, digits, - and _" autocomplete="off" spellcheck="false"></label>
    ${selects.join("")}
    <p class="quiet">It is tried on one image first; what was read and what was guessed is said.</p>
    <div class="row"><button value="">Cancel</button><button class="primary" value="add">Add it</button></div></form>`;
  dialog.querySelector(".file").textContent = `${file.name}, ${(file.size / 1e6).toFixed(1)} MB`;
  const form = dialog.querySelector("form");
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("name"));
  field.value = nameFor(file.name, viewer.config.losses);
  /** @type {HTMLButtonElement} */ (form.querySelector('[value=""]')).formNoValidate = true;
  field.addEventListener("input", () =>
    field.setCustomValidity(viewer.config.losses.includes(field.value) ? "Another network has this name." : ""),
  );
  viewer.root.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      const given = Object.fromEntries(new FormData(form));
      dialog.remove();
      resolve(dialog.returnValue === "add" ? /** @type {any} */ (given) : null);
    }),
  );
}
