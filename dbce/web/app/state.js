// The state of a view, from one table of fields that Python writes (dbce/page/fields.py): what a field starts as, what
// it may be, how it stands in a link, and which controls show it.

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {"one" | "many" | "whole" | "number" | "flag" | "text"} kind
 * @property {any} start
 * @property {[string, string][]} [choices] value and text, of "one" and "many"
 * @property {number} [low] of "whole" and "number"
 * @property {number} [high]
 * @property {number} [step]
 * @property {number} [most] letters of "text"
 * @property {string} [label] of its controls
 * @property {boolean} [always] whether a link holds it even as it starts
 */

const WHOLE = /^\d{1,4}$/;
const NUMBER = /^\d{1,4}(\.\d{1,20})?$/;

/** @type {Record<Field["kind"], (text: string, field: Field) => any>} the text of a field -> its value, or undefined */
const READ = {
  one: (text, { choices }) => (choices.some(([value]) => value === text) ? text : undefined),
  many: (text, field) => {
    const parts = text.split(".");
    return parts.every((part) => READ.one(part, field) !== undefined) ? [...new Set(parts)] : undefined;
  },
  whole: (text, field) => (WHOLE.test(text) ? READ.number(text, field) : undefined),
  number: (text, { low, high }) => (NUMBER.test(text) && +text >= low && +text <= high ? +text : undefined),
  flag: (text) => new Map([["yes", true], ["no", false]]).get(text), // prettier-ignore
  text: (text, { most }) => (text.length <= most ? text : undefined),
};

/** @param {any} value of a field, as it stands in a link */
const written = (value) =>
  Array.isArray(value) ? value.join(".") : typeof value === "boolean" ? (value ? "yes" : "no") : String(value);

export class Fields {
  /** @param {Field[]} table */
  constructor(table) {
    this.table = new Map(table.map((field) => [field.name, field])); // an object knows names that nobody put there
  }

  /** What every field starts as. */
  start() {
    return Object.fromEntries([...this.table.values()].map(({ name, start }) => [name, structuredClone(start)]));
  }

  /**
   * What the fragment of a link asks for, and the names in it that are not understood.
   * @param {string} fragment
   * @param {(name: string, text: string) => boolean} known whether somebody else reads it
   */
  read(fragment, known = () => false) {
    const found = {};
    const unknown = new Set();
    for (const [name, text] of new URLSearchParams(fragment.replace(/^#/, ""))) {
      const field = this.table.get(name);
      const value = field && READ[field.kind](text, field);
      if (value !== undefined) found[name] = value;
      else if (!known(name, text)) unknown.add(name.slice(0, 20) || "an empty name");
    }
    return { found, unknown: [...unknown].slice(0, 5) };
  }

  /**
   * The fields of a link to a state, in the order of the table.
   * @param {Record<string, any>} state
   */
  write(state) {
    const parts = new URLSearchParams();
    for (const { name, start, always } of this.table.values()) {
      const now = state[name];
      if (now === null || (Array.isArray(now) && !now.length)) continue;
      if (always || written(now) !== written(start)) parts.set(name, written(now));
    }
    return parts;
  }
}
