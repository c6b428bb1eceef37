// What is said to people, from one table; its sentences are those of Python, and a test holds them together.
import sentences from "./sentences.json" with { type: "json" };

/** A visitor's mistake; the message is the sentence that the page shows. Twin of dbce.data.formats.InputError. */
export class InputError extends Error {}

/** @typedef {keyof typeof sentences} Key */

/**
 * A sentence of the table.
 * @param {Key} key
 * @param {Record<string, string | number>} values by the name of their place
 */
export const sentence = (key, values = {}) =>
  sentences[key].replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));

/**
 * @param {Key} key
 * @param {Record<string, string | number>} values
 */
export const refusal = (key, values) => new InputError(sentence(key, values));

/**
 * A number as Python's format "g" writes it: no more digits than these, no zeros behind.
 * @param {number} value
 * @param {number} digits
 */
export function general(value, digits = 6) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  if (+exponent >= -4 && +exponent < digits) return String(+(+value.toPrecision(digits)).toFixed(10));
  return `${+mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/**
 * A file's name as sentences show it: its last 120 characters, without control characters. Twin of plain_name.
 * @param {string} name
 */
export function plainName(name) {
  const shown = [...name].slice(-120).map((c) => (/\s/u.test(c) ? " " : /[\p{C}\p{Z}]/u.test(c) ? "\ufffd" : c));
  return shown.join("").trim() || "The file";
}
