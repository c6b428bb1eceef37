// What a link holds: the fields of the table, where it looks, and of which opened image it was made; never that image.

const OWN = /^([a-z0-9]{10})(?:\.(\d{1,4}))?$/;
const TASK = /^[a-z]{1,20}$/;
const NETWORKS = ["compare", "organs"]; // the same tab, of two classes and of several

/** A name for an opened image; nothing is told by it. */
export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => (byte % 36).toString(36)).join("");

/**
 * The fragment of a link to a state.
 * @param {import("./state.js").Fields} fields
 * @param {Record<string, any>} state
 * @param {string} view where it looks
 */
export function writeLink(fields, state, view = "") {
  const { own, slice } = state;
  const parts = fields.write(own ? { ...state, slice: null } : state); // a scan of one's own may have more slices
  if (own) parts.set("own", slice === null ? own : `${own}.${slice}`);
  if (view) parts.set("view", view);
  return String(parts);
}

/**
 * The fragment that takes the settings of a state to another task, whose images are others.
 * @param {import("./state.js").Fields} fields
 * @param {Record<string, any>} state
 * @param {string} task from which it comes
 */
export function carryLink(fields, state, task) {
  const carried = (of) => fields.write({ ...of, example: null, slice: null, cls: null });
  const parts = carried(state);
  if (String(parts) === String(carried(fields.start()))) return "";
  parts.set("from", task); // what is not known there is left out without a word
  return String(parts);
}

/**
 * What the fragment of a link asks for.
 * @param {import("./state.js").Fields} fields
 * @param {string} fragment
 * @param {(text: string) => boolean} look whether a text says where to look
 */
export function readLink(fields, fragment, look) {
  /** @type {{id: string, slice: number | null} | null} */
  let own = null;
  let moved = false;
  const known = (name, text) => {
    if (name === "view") return look(text);
    if (name === "from") return (moved = TASK.test(text));
    const parts = name === "own" && OWN.exec(text);
    if (parts) own = { id: parts[1], slice: parts[2] === undefined ? null : +parts[2] };
    return Boolean(parts);
  };
  const { found, unknown } = fields.read(fragment, known);
  if (!moved) return { found, unknown, own };
  const tab = new URLSearchParams(fragment.replace(/^#/, "")).get("tab");
  const here = fields.table.get("tab").choices.find(([value]) => NETWORKS.includes(value));
  if (NETWORKS.includes(tab) && here) found.tab = here[0];
  return { found, unknown: [], own };
}
