// The two numberings of organ labels, and which of them a set of labels is in. Twin of dbce/data/numbering.py.
import { IGNORE } from "../core/dilation.js";
import { refusal, sentence } from "./refusal.js";

export const NUMBERINGS = ["transunet", "synapse"];

/** Largest label of Synapse, and of TransUNet. */
export const RAW_MAX = 13;
export const LABEL_MAX = 8;

/** @type {Record<number, number>} label in Synapse's own files -> label here; the other five are background */
const RAW_LABELS = { 8: 1, 4: 2, 3: 3, 2: 4, 6: 5, 11: 6, 1: 7, 7: 8 };

/** @type {Record<string, string>} */
export const TITLES = {
  transunet: `TransUNet\u2019s, 0 to ${LABEL_MAX}`,
  synapse: `Synapse\u2019s own, 0 to ${RAW_MAX}`,
};

/** @param {number[]} values whether labels hold a number that only Synapse has */
const settles = (values) => values.some((value) => value > LABEL_MAX && value <= RAW_MAX);

/** @param {number[]} values whether they would mean something else in the other numbering, and do not tell */
const isOpen = (values) =>
  !settles(values) && values.some((value) => value <= LABEL_MAX && (RAW_LABELS[value] ?? 0) !== value);

/**
 * The numbering of labels with these values, TransUNet's if they do not tell.
 * @param {number[]} values that occur
 * @param {string} name
 * @param {string | null} asked
 */
export function decideNumbering(values, name, asked) {
  if (asked === null) return settles(values) ? "synapse" : "transunet";
  if (!NUMBERINGS.includes(asked))
    throw refusal("unknown_numbering", { asked: `'${asked}'`, known: NUMBERINGS.join(" or ") });
  if (asked === "transunet" && settles(values)) {
    const label = Math.max(...values.filter((value) => value !== IGNORE));
    throw refusal("other_numbering", { name, label, most: LABEL_MAX });
  }
  return asked;
}

/**
 * Labels in either numbering -> labels here.
 * @param {Uint8Array} labels 0 to `RAW_MAX` or 255
 * @param {string} name
 * @param {string | null} asked the numbering that somebody chose
 * @param {number[]} [found] values that occur in the file
 * @returns {{labels: Uint8Array, numbering: string | null, notes: string[]}}
 */
export function renumberLabels(labels, name, asked, found = [...new Set(labels)].sort((a, b) => a - b)) {
  const chosen = decideNumbering(found, name, asked);
  const open = isOpen(found);
  const out = chosen === "synapse" ? labels.map((v) => (v <= RAW_MAX ? (RAW_LABELS[v] ?? 0) : v)) : labels;
  const notes = open && asked === null ? [sentence("numbering_open", { name, title: TITLES[chosen] })] : [];
  return { labels: out, numbering: open ? chosen : null, notes };
}
