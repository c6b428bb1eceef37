// The controls, filled from what Python says there is to choose.

import { dotAreas, whyOne } from "../core/glossary.js";

/** @param {import("./viewer.js").Viewer} viewer */
export function fillControls(viewer) {
  const { config } = viewer;
  fillFields(viewer);
  if (!Object.keys(config.shifts).length) for (const group of viewer.$$('[data-field="prior"]')) group.hidden = true;
  for (const [kind, text] of Object.entries({ ...config.nouns, named: viewer.nouns.object }))
    for (const part of viewer.$$(`[data-noun="${kind}"]`)) part.textContent = text;
  for (const input of viewer.$$("input[data-file]")) input.accept = config.accept;
  viewer.$("label:has([data-file=folder])").hidden = !("webkitdirectory" in HTMLInputElement.prototype);
  viewer.$('[data-do="paint"]').hidden = viewer.several;
  viewer.$("[data-numbering]").innerHTML = Object.entries(config.numberings)
    .map(([value, title]) => `<option value="${value}">${title}</option>`)
    .join("");
  viewer.$(".tasks").hidden = config.tasks.length < 2;
  viewer.$(".tasks").innerHTML = config.tasks
    .map(({ title, href, here }) => `<a href="${href}" ${here ? 'aria-current="page"' : ""}>${title}</a>`)
    .join("");
  viewer.$(".examples").innerHTML = config.examples
    .map(
      ({ thumbnail, title }, i) =>
        `<button type="button" data-example="${i}" aria-label="${title}" title="${title}">
          <img src="${thumbnail}" alt=""></button>`,
    )
    .join("");
  for (const name of ["recipe", "promise", "hint"]) viewer.$(`[data-out="${name}"]`).textContent = config[name];
  viewer.$('[data-out="built"]').hidden = !config.server;
  viewer.$('[data-out="why-one"]').textContent = whyOne(config.radius, dotAreas());
  viewer.$(".notice").textContent = config.notice;
  viewer.$(".notice").hidden = !config.notice;
}

/** What stands in brackets at the end of a choice goes below it: "balanced (image)". @param {string} text */
const twoLines = (text) => text.replace(/ (\([^)]+\))$/, " <small>$1</small>");

/**
 * A group of choices; hidden where this task has none of it.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {HTMLElement} group
 */
export function fillField(viewer, group) {
  const field = viewer.fields.table.get(group.dataset.field);
  group.hidden = !field;
  if (!field) return;
  const { name, kind, choices, label } = field;
  const box = kind === "one" ? '<label><input type="radio"' : '<label class="check"><input type="checkbox"';
  const labels = choices.map(([value, text]) => `${box} name="${name}" value="${value}">${twoLines(text)}</label>`);
  const quiet = "quiet" in group.dataset ? " hide" : "";
  // no <legend>: engines differ in where they put it
  group.setAttribute("aria-label", label);
  const heading = `<span class="name${quiet}" aria-hidden="true">${label}</span>`;
  for (const old of group.querySelectorAll(":scope > .name, :scope > label")) old.remove();
  group.insertAdjacentHTML("beforeend", heading + labels.join(""));
}

/**
 * Tabs, groups of choices and sliders from the table of fields.
 * @param {import("./viewer.js").Viewer} viewer
 */
function fillFields(viewer) {
  const field = (name) => viewer.fields.table.get(name);
  const tabs = field("tab").choices.map(([tab]) => tab);
  for (const button of viewer.$$(".tabs button")) button.hidden = !tabs.includes(button.dataset.tab);
  viewer.$(".tabs").prepend(...tabs.map((tab) => viewer.$(`#tab-${tab}`))); // in their order, before what is hidden
  for (const group of viewer.$$("fieldset[data-field]")) fillField(viewer, group);
  for (const input of viewer.$$("input[type=range][data-field]")) {
    const { low, high, step, label } = field(input.dataset.field);
    Object.assign(input, { min: low, max: high, step });
    input.setAttribute("aria-label", label);
  }
}
