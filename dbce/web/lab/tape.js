// The visitor's own loss, computed: the operations of a formula over the pixels of an image, forward, then backward for
// the slopes of the loss in p and in ce (reverse-mode differentiation).
import { exp, log, pow } from "./arithmetic.js";
import { Mistake, readFormula } from "./formula.js";

/** @typedef {Record<string, ArrayLike<number> | number>} Inputs those of INPUTS: maps, or numbers */
/**
 * An operation at work. Numbers are arrays of one: they are read with a stride of 0.
 * @typedef {object} Entry
 * @property {string} op
 * @property {number} line
 * @property {string} name of an input
 * @property {Entry[]} args
 * @property {boolean} active whether p or ce has a part in it
 * @property {Float64Array} value
 * @property {Float64Array} slope of the loss in it
 */

const NUMBERS = ["f", "a", "n", "r"];
const ACTIVE = ["p", "ce"];

/** @type {Record<string, (a: number, b: number, c: number) => number>} */
const FORWARD = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": pow,
  "<": (a, b) => Number(a < b),
  ">": (a, b) => Number(a > b),
  "<=": (a, b) => Number(a <= b),
  ">=": (a, b) => Number(a >= b),
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  select: (a, b, c) => (a ? b : c),
  exp,
  log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  min: (a, b) => (a < b ? a : b),
  max: (a, b) => (a > b ? a : b),
};

/**
 * Derivatives in each argument, given two of them and the result; what is left out has none.
 * @type {Record<string, ((a: number, b: number, v: number) => number)[]>}
 */
const BACKWARD = {
  "+": [() => 1, () => 1],
  "-": [() => 1, () => -1],
  "*": [(_, b) => b, (a) => a],
  "/": [(_, b) => 1 / b, (_, b, v) => -v / b],
  "^": [(a, b) => b * pow(a, b - 1), (a, _, v) => (v === 0 ? 0 : v * log(a))],
  select: [() => 0, (a) => (a ? 1 : 0), (a) => (a ? 0 : 1)],
  exp: [(_a, _b, v) => v],
  log: [(a) => 1 / a],
  sqrt: [(_a, _b, v) => 0.5 / v],
  abs: [(a) => (a > 0 ? 1 : a < 0 ? -1 : 0)],
  min: [(a, b) => (a < b ? 1 : 0), (a, b) => (a < b ? 0 : 1)],
  max: [(a, b) => (a > b ? 1 : 0), (a, b) => (a > b ? 0 : 1)],
};

const NOTHING = new Float64Array(1);

/** A formula, ready for images of so many pixels. Its memory is taken once. */
export class Tape {
  /**
   * @param {string} source
   * @param {number} count pixels
   * @throws {Mistake}
   */
  constructor(source, count) {
    /** @type {Entry[]} */
    this.entries = [];
    for (const { op, args, line, name, value } of readFormula(source)) {
      const given = args.map((k) => this.entries[k]);
      const single =
        op === "number" ||
        op === "sum" ||
        op === "mean" ||
        (op === "input" ? NUMBERS.includes(name) : !given.some(isMap));
      const active =
        op === "input"
          ? ACTIVE.includes(name)
          : op in BACKWARD || op === "sum" || op === "mean"
            ? given.some((arg) => arg.active)
            : false;
      const length = single ? 1 : count;
      const slope = active ? new Float64Array(length) : NOTHING;
      this.entries.push({ op, line, name, args: given, active, value: new Float64Array(length).fill(value), slope });
    }
    this.loss = this.entries[this.entries.length - 1];
    if (!this.loss.active)
      throw new Mistake("The loss does not depend on p or ce, so that nothing can be learned from it.", this.loss.line);
  }

  /**
   * @param {Inputs} inputs
   * @returns {number} the loss of the image
   * @throws {Mistake} if it is no finite number
   */
  forward(inputs) {
    for (const { op, name, args, value } of this.entries) {
      if (op === "input") {
        const given = inputs[name];
        if (typeof given === "number") value[0] = given;
        else value.set(given);
      } else if (op === "sum" || op === "mean")
        value[0] = total(args[0].value) / (op === "mean" ? args[0].value.length : 1);
      else if (op !== "number") {
        const compute = FORWARD[op];
        const [a, b, c] = [0, 1, 2].map((k) => args[k]?.value ?? NOTHING);
        const [i, j, k] = [a, b, c].map((array) => Number(array.length > 1));
        for (let at = 0; at < value.length; at++) value[at] = compute(a[i * at], b[j * at], c[k * at]);
      }
    }
    if (!Number.isFinite(this.loss.value[0])) this.blame(inputs, "value");
    return this.loss.value[0];
  }

  /**
   * After `forward`.
   * @param {Inputs} inputs the same
   * @param {Float64Array} p slope of the loss in every pixel's p, to be filled
   * @param {Float64Array} ce in its cross entropy
   * @throws {Mistake} if one is no finite number
   */
  backward(inputs, p, ce) {
    for (const { slope } of this.entries) slope.fill(0);
    this.loss.slope[0] = 1;
    for (let e = this.entries.length - 1; e >= 0; e--) {
      const { op, args, value, slope, active } = this.entries[e];
      if (!active || op === "input") continue;
      if (op === "sum" || op === "mean") {
        const share = slope[0] / (op === "mean" ? args[0].value.length : 1);
        for (let at = 0; at < args[0].slope.length; at++) args[0].slope[at] += share;
        continue;
      }
      const [a, b] = [args[0].value, args[1]?.value ?? NOTHING];
      const [i, j] = [Number(a.length > 1), Number(b.length > 1)];
      args.forEach((arg, k) => {
        if (!arg.active) return;
        const derivative = BACKWARD[op][k];
        const s = Number(arg.slope.length > 1);
        for (let at = 0; at < value.length; at++)
          if (slope[at]) arg.slope[s * at] += slope[at] * derivative(a[i * at], b[j * at], value[at]);
      });
    }
    for (const [name, out] of /** @type {[string, Float64Array][]} */ ([
      ["p", p],
      ["ce", ce],
    ])) {
      out.fill(0);
      for (const { name: own, slope } of this.entries)
        if (own === name) for (let at = 0; at < out.length; at++) out[at] += slope[at];
      if (!Number.isFinite(total(out))) this.blame(inputs, "slope");
    }
  }

  /**
   * @param {Inputs} inputs
   * @param {"value" | "slope"} what
   * @returns {never}
   */
  blame(inputs, what) {
    /** @param {Entry} entry where its numbers of that kind end to be finite; -1: nowhere */
    const wrong = (entry) => entry[what].findIndex((v) => !Number.isFinite(v));
    const bad = (what === "value" ? this.entries : [...this.entries].reverse()).find((one) => wrong(one) >= 0);
    const at = bad ? wrong(bad) : 0;
    const entry =
      (what === "slope" && this.entries.findLast(({ args }) => bad && args.includes(bad))) || bad || this.loss;
    const [y, p] = ["y", "p"].map((name) => Number(/** @type {ArrayLike<number>} */ (inputs[name])[at]));
    const of = what === "value" ? "result" : "slope";
    const where = bad && isMap(bad) ? ` at a pixel where y = ${y} and p = ${p.toPrecision(2)}` : "";
    throw new Mistake(`The ${of} of "${entry.name || entry.op}" is no finite number${where}.`, entry.line);
  }
}

/** @param {Entry} entry */
const isMap = ({ value }) => value.length > 1;

/** @param {Float64Array} values */
function total(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}
