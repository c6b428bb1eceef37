// Sets of predictions join the networks of the page: everywhere a network can be chosen, they can.
import { fillField } from "./controls.js";

const FIELDS = ["loss", "first", "second", "shown"];

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {string[]} names of the sets
 * @param {string[]} flat those of label maps
 */
export function addNetworks(viewer, names, flat) {
  const { config, fields, state } = viewer;
  config.own ??= [];
  config.remarks ??= {};
  const added = names.filter((name) => !config.losses.includes(name));
  for (const name of names)
    if (flat.includes(name)) config.remarks[name] = config.flat;
    else delete config.remarks[name];
  if (!added.length) return;
  for (const name of added) {
    const lines = config.spare_lines;
    config.losses.push(name);
    config.own.push(name);
    config.titles[name] = config.short[name] = name;
    config.lines[name] = lines[(config.own.length - 1) % lines.length];
  }
  for (const name of FIELDS) {
    const field = fields.table.get(name);
    if (!field) continue;
    field.choices.push(...added.map((set) => /** @type {[string, string]} */ ([set, set])));
    if (field.kind === "many") {
      field.start = [...field.start, ...added];
      state[name] = [...state[name], ...added];
    }
    for (const group of viewer.$$(`fieldset[data-field="${name}"]`)) fillField(viewer, group);
  }
}
