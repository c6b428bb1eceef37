// From files that were sorted to the images of the tray: which predictions they have, and what they belong to.
import { baseName } from "../readers/paths.js";
import { Refused } from "./aside.js";
import { newId } from "./link.js";

/** @typedef {import("./given.js").Given} Given */
/** @typedef {import("../readers/intake.js").Plan} Plan */
/** @typedef {import("../core/own_set.js").Row} Row */
/**
 * An image of the tray.
 * @typedef {object} Item
 * @property {string} id as of `newId`: the name under which it is in view
 * @property {string} key of its files
 * @property {string} name
 * @property {File} image
 * @property {File | null} mask
 * @property {Record<string, {file: File, kind: string}>} predictions by set
 * @property {string} [group] what it belongs to, as sequences.csv says
 * @property {"waiting" | "running" | "done"} status
 * @property {Row | null} row
 * @property {string} thumbnail a data URL
 * @property {boolean} changed whether it was opened in another way since, with another mask
 * @property {Uint8Array | null} judged labels by which it was scored
 * @property {Uint8Array | null} [painted] labels that were painted since; null where none are left
 */

/** What tells a file from others. @param {Given} given */
export const print = ({ path, file, role }) => [path, file.size, file.lastModified, role ?? ""].join("|");

/**
 * A set of predictions that is called as a network here gets a name of its own.
 * @param {Plan} plan
 * @param {Record<string, any>} config of dbce.page.settings
 */
export function renameSets({ members, notes }, { losses, own = [], titles }) {
  const taken = losses.filter((loss) => !own.includes(loss)).flatMap((loss) => [loss, titles[loss]]);
  const renamed = (/** @type {string} */ set) => (taken.includes(set) ? `${set.slice(0, 32)} (yours)` : set);
  const found = new Set(members.flatMap(({ predictions }) => Object.keys(predictions)));
  for (const set of found)
    if (renamed(set) !== set) notes.push(`The set ${set} is called as a network here; it is shown as ${renamed(set)}.`);
  for (const member of members)
    member.predictions = Object.fromEntries(Object.entries(member.predictions).map(([set, n]) => [renamed(set), n]));
}

/** The sequence of every frame, by sequences.csv (frame, sequence). @param {Given[]} files */
export async function groupsOf(files) {
  /** @type {Map<string, string>} */
  const groups = new Map();
  const found = files.find(({ path }) => baseName(path) === "sequences.csv");
  if (!found) return groups;
  const [head, ...lines] = (await found.file.text()).split(/\r?\n/).map((line) => line.split(","));
  const [frame, sequence] = [head.indexOf("frame"), head.indexOf("sequence")];
  if (frame >= 0 && sequence >= 0) for (const cells of lines) groups.set(cells[frame], cells[sequence]);
  return groups;
}

/**
 * What the values of every set of predictions are.
 * @param {import("./aside.js").Aside} aside
 * @param {Plan} plan
 * @param {Given[]} files
 * @param {number} classes
 */
export async function setsOf(aside, { members }, files, classes) {
  const names = [...new Set(members.flatMap(({ predictions }) => Object.keys(predictions)))];
  /** @type {import("./intake.js").Sets} */
  const sets = {};
  for (const name of names) {
    const own = members.flatMap(({ predictions }) => predictions[name] ?? []);
    sets[name] = { kind: null, why: "", files: own };
    try {
      sets[name].kind = await aside.ask("kind", { files: own.map((number) => files[number].file), classes });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      sets[name].why = error.message;
    }
  }
  return sets;
}

/**
 * The images of a plan; those that were run with the same files stay as they are.
 * @param {Plan} plan
 * @param {Given[]} files
 * @param {Record<string, string>} kinds by set, what its values are; sets without one are left out
 * @param {Map<string, string>} groups by stem, from `groupsOf`
 * @param {Item[]} items that there are
 * @returns {Item[]}
 */
export function itemsOf({ members }, files, kinds, groups, items) {
  const names = members.map(({ image }) => baseName(files[image].path));
  const twice = new Set(names.filter((name, k) => names.indexOf(name) !== k));
  const before = new Map(items.map((item) => [item.key, item]));
  return members.map(({ image, mask, predictions }, k) => {
    const used = Object.entries(predictions).filter(([set]) => kinds[set]);
    const own = Object.fromEntries(used.map(([set, n]) => [set, { file: files[n].file, kind: kinds[set] }]));
    const key = JSON.stringify([files[image], mask === null ? null : files[mask]].map((one) => one && print(one)));
    const whole = `${key} ${used.map(([set, n]) => [set, kinds[set], print(files[n])].join()).join(";")}`;
    return (
      before.get(whole) ?? {
        ...{ id: newId(), key: whole, name: twice.has(names[k]) ? files[image].path : names[k] },
        ...{ image: files[image].file, mask: mask === null ? null : files[mask].file, predictions: own },
        ...{ group: groups.get(names[k].replace(/\.\w+$/, "")), status: "waiting", row: null, thumbnail: "" },
        ...{ changed: false, judged: null },
      }
    );
  });
}
