// Before anything runs: what belongs together, what the predictions are, and what is left out, each in a sentence.
import { baseName } from "../readers/paths.js";
import { escaped } from "../parts/escape.js";

/** @typedef {import("../readers/intake.js").Plan} Plan */
/** @typedef {import("./given.js").Given} Given */
/** @typedef {Record<string, {kind: string | null, why: string, files: number[]}>} Sets what the values of each are */

const KINDS = { probabilities: "probabilities", labels: "label maps", logits: "logits" };
const SHOWN = 400; // rows of pairs that are listed

/** @param {number} count @param {string} one @param {string} many */
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** @param {Plan} plan */
function headingOf({ members }) {
  if (!members.length) return "No image was found";
  const masked = members.filter(({ mask }) => mask !== null).length;
  if (!masked) return `${counted(members.length, "image")}, no masks`;
  return members.length === 1 ? "1 image with its mask" : `${members.length} images, each with its mask`;
}

export class Intake {
  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.dialog = document.createElement("dialog");
    this.dialog.className = "intake";
    this.dialog.setAttribute("aria-labelledby", "intake-heading");
    viewer.root.append(this.dialog);
  }

  /**
   * Ask whether to go on.
   * @param {Plan} plan
   * @param {Given[]} files
   * @param {Sets} sets
   * @param {number} waiting images that have to be run
   * @returns {Promise<Record<string, string> | null>} by set, what its values are; null where the visitor cancels
   */
  ask(plan, files, sets, waiting) {
    const { dialog } = this;
    dialog.innerHTML = this.html(plan, files, sets, waiting);
    return new Promise((resolve) => {
      let kinds = null;
      dialog.onclick = ({ target }) => {
        const act = /** @type {HTMLElement} */ (target).closest("button")?.dataset.intake;
        if (act === "run")
          kinds = Object.fromEntries([...dialog.querySelectorAll("select")].map(({ name, value }) => [name, value]));
        if (act) dialog.close();
      };
      dialog.onclose = () => resolve(kinds);
      dialog.showModal();
    });
  }

  /** @type {(plan: Plan, files: Given[], sets: Sets, waiting: number) => string} */
  html(plan, files, sets, waiting) {
    const { members, left, notes } = plan;
    const networks = this.viewer.config.losses.filter((loss) => !this.viewer.config.own?.includes(loss)).length;
    const known = members.length - waiting;
    const run = waiting
      ? `Run ${counted(networks, "network")} on ${counted(waiting, "image")}`
      : `Show ${counted(members.length, "image")}`;
    const rest = known && waiting ? `<p class="quiet">${counted(known, "image")} of these are scored already.</p>` : "";
    return `<h2 id="intake-heading">${headingOf(plan)}</h2>${rest}
      ${setsHtml(sets, members.length)}
      ${listing(
        `Left out: ${left.length}`,
        left.map(({ why }) => `<li>${escaped(why)}</li>`),
        left.length > 0,
      )}
      ${
        notes.length
          ? listing(
              `Chosen: ${notes.length}`,
              notes.map((note) => `<li>${escaped(note)}</li>`),
              false,
            )
          : ""
      }
      ${members.length ? pairsHtml(plan, files, Object.keys(sets)) : ""}
      <p class="quiet">How each mask is read is said beside its image. A file that turns out to be bad is listed, and
      the others go on.</p>
      <div class="row end"><button type="button" data-intake="run" class="primary"
        ${members.length ? "autofocus" : "disabled"}>
        ${run}</button><button type="button" data-intake="cancel">Cancel</button></div>`;
  }
}

/** @type {(sets: Sets, count: number) => string} */
function setsHtml(sets, count) {
  const rows = Object.entries(sets).map(([name, { kind, why, files }]) => {
    const options = Object.entries(KINDS).map(
      ([value, text]) => `<option value="${value}" ${value === kind ? "selected" : ""}>${text}</option>`,
    );
    const unknown = kind ? "" : '<option value="" selected>left out</option>';
    return `<li><b>${escaped(name)}</b> ${files.length} of ${counted(count, "image")}, read as
      <select name="${escaped(name)}" aria-label="Values of ${escaped(name)}">${unknown}${options.join("")}</select>
      ${why ? `<span class="why">${escaped(why)}</span>` : ""}</li>`;
  });
  return rows.length
    ? `<h3>Your predictions</h3><ul class="sets">${rows.join("")}</ul><p class="quiet">No network is run for them.</p>`
    : "";
}

/** @type {(summary: string, lines: string[], open: boolean) => string} */
const listing = (summary, lines, open) =>
  lines.length
    ? `<details ${open ? "open" : ""}><summary>${summary}</summary><ul>${lines.join("")}</ul></details>`
    : `<p class="quiet">${summary}</p>`;

/** @type {(plan: Plan, files: Given[], sets: string[]) => string} */
function pairsHtml({ members }, files, sets) {
  const cell = (/** @type {number | null | undefined} */ number) =>
    number === null || number === undefined ? "\u2013" : escaped(baseName(files[number].path));
  const rows = members.slice(0, SHOWN).map(
    ({ image, mask, predictions }) =>
      `<tr><td title="${escaped(files[image].path)}">${cell(image)}</td><td>${cell(mask)}</td>
        ${sets.map((set) => `<td>${cell(predictions[set])}</td>`).join("")}</tr>`,
  );
  const more = members.length > SHOWN ? `<p class="quiet">and ${members.length - SHOWN} more</p>` : "";
  const heads = ["image", "mask", ...sets.map(escaped)].map((text) => `<th scope="col">${text}</th>`);
  return `<details><summary>What belongs together</summary><div class="scroll" tabindex="0"><table>
    <thead><tr>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>${more}</details>`;
}
