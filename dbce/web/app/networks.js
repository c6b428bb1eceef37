// What joins the networks of the page while it is open, somebody's own network or a set of predictions: everywhere a
// network can be chosen, it can, and it has a line of its own in every chart.
import { fillField } from "./controls.js";

const FIELDS = ["loss", "first", "second", "shown"];

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {string[]} names
 * @returns {string[]} those that were not there
 */
export function enlist(viewer, names) {
  const { config, fields, state } = viewer;
  const added = names.filter((name) => !config.losses.includes(name));
  for (const name of added) {
    const used = config.losses.map((/** @type {string} */ loss) => String(config.lines[loss]));
    const free = config.all_lines.find((/** @type {[string, string]} */ line) => !used.includes(String(line)));
    config.lines[name] = free ?? config.all_lines[config.losses.length % config.all_lines.length];
    config.titles[name] = config.short[name] = name;
    config.losses.push(name);
  }
  for (const name of added.length ? FIELDS : []) {
    const field = fields.table.get(name);
    if (!field) continue;
    field.choices.push(...added.map((one) => /** @type {[string, string]} */ ([one, one])));
    if (field.kind === "many") {
      field.start = [...field.start, ...added];
      state[name] = [...state[name], ...added];
    }
    for (const group of viewer.$$(`fieldset[data-field="${name}"]`)) fillField(viewer, group);
  }
  return added;
}

/**
 * Sets of predictions join.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {string[]} names of the sets
 * @param {string[]} flat those of label maps
 */
export function addNetworks(viewer, names, flat) {
  const { config } = viewer;
  config.own ??= [];
  config.remarks ??= {};
  for (const name of names)
    if (flat.includes(name)) config.remarks[name] = config.flat;
    else delete config.remarks[name];
  config.own.push(...enlist(viewer, names));
}
