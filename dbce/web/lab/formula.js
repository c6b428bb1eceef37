// The visitor's own loss, read: a small language that can name nothing but the pixels' numbers. It has no loops, and no
// way to anything else of the browser, so that a formula may come from a stranger's address.

/** Of a formula: says what is wrong, and where; line and column count from 1. */
export class Mistake extends Error {
  /** @param {string} message @param {number} line @param {number} column */
  constructor(message, line, column = 1) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/**
 * One operation; its arguments are numbers of earlier ones. "number" has a value, "input" a name.
 * @typedef {object} Operation
 * @property {string} op
 * @property {number[]} args
 * @property {number} line
 * @property {number} value
 * @property {string} name
 */
/** @typedef {{text: string, line: number, column: number}} Token */

/** What a formula may name: maps of an image, then numbers. */
export const INPUTS = {
  p: "probability of the object",
  y: "1 in the object, 0 elsewhere",
  ce: "cross entropy",
  w: "dilated balancing weight of radius r, whose sum over the image is about the number of classes",
  d: "distance in px to the nearest pixel across the object's border",
  f: "share of the object in all training images",
  a: "area of the object in the image, px",
  n: "pixels of the image",
  r: "radius, px",
};

/** Its functions, with the number of their arguments; sum and mean are over the image. */
export const FUNCTIONS = { exp: 1, log: 1, sqrt: 1, abs: 1, min: 2, max: 2, sum: 1, mean: 1 };

const MOST = { letters: 2000, operations: 200, depth: 40 };
const TOKEN =
  /[ \t\r]+|(?:#|\/\/)[^\n]*|\n|;|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[A-Za-z_]\w*|\*\*|[<>=!]=|[-+*/^()?:,<>=]|./gsu;
const COMPARISONS = ["<", ">", "<=", ">=", "==", "!="];

/**
 * @param {string} source
 * @returns {Token[]} "\n" ends a line, unless a bracket is open
 */
function tokens(source) {
  const found = [];
  let [line, start, open] = [1, 0, 0];
  for (const { 0: text, index } of source.matchAll(TOKEN)) {
    const token = { text: text === ";" ? "\n" : text, line, column: index - start + 1 };
    if (text === "(") open++;
    if (text === ")") open--;
    if (text === "\n") {
      if (open <= 0) found.push(token);
      line++;
      start = index + 1;
    } else if (!/^(?:[ \t\r]|#|\/\/)/.test(text)) found.push(token);
  }
  return [...found, { text: "\n", line, column: source.length - start + 1 }];
}

class Reader {
  at = 0;
  depth = 0;

  /** @type {Operation[]} */
  operations = [];

  /** @type {Map<string, number>} names given by the visitor -> operation */
  names = new Map();

  /** @param {Token[]} given */
  constructor(given) {
    this.given = given;
  }

  get next() {
    return this.given[this.at];
  }

  /** @param {string} message @param {Token} token @returns {never} */
  fail(message, token = this.next) {
    throw new Mistake(message, token.line, token.column);
  }

  /** @param {string} text */
  accept(text) {
    if (this.next?.text !== text) return false;
    this.at++;
    return true;
  }

  /** @param {string} text */
  expect(text) {
    const here = this.next.text === "\n" ? "at the end of the line" : `before "${this.next.text}"`;
    if (!this.accept(text)) this.fail(`"${text}" is missing ${here}.`);
  }

  /** @param {string} op @param {number[]} args @param {Token} token @param {number} value @param {string} name */
  add(op, args, token, value = 0, name = "") {
    if (this.operations.length >= MOST.operations)
      this.fail(`The formula has more than ${MOST.operations} operations; shorten it.`, token);
    return this.operations.push({ op, args, line: token.line, value, name }) - 1;
  }

  /** @returns {number} the operation whose result is the loss */
  program() {
    let last = -1;
    for (;;) {
      while (this.accept("\n"));
      if (!this.next) break;
      const [token, after] = [this.next, this.given[this.at + 1]];
      const named = /^[A-Za-z_]/.test(token.text) && after?.text === "=";
      if (named) {
        if (Object.hasOwn(INPUTS, token.text) || Object.hasOwn(FUNCTIONS, token.text))
          this.fail(`"${token.text}" has a meaning already; choose another name.`);
        this.at += 2;
      } else if (token.text === "return") this.at++;
      last = this.choice();
      if (named) this.names.set(token.text, last);
      if (this.next.text !== "\n") this.fail(`"${this.next.text}" is one too many here.`);
    }
    if (last < 0) this.fail("The formula is empty; its last line is the loss.", { text: "", line: 1, column: 1 });
    return last;
  }

  /** @returns {number} */
  choice() {
    if (++this.depth > MOST.depth) this.fail("The formula is nested too deeply; give a part of it a name.");
    const condition = this.comparison();
    const token = this.next;
    let result = condition;
    if (this.accept("?")) {
      const yes = this.choice();
      this.expect(":");
      result = this.add("select", [condition, yes, this.choice()], token);
    }
    this.depth--;
    return result;
  }

  comparison() {
    return this.chain(COMPARISONS, () => this.sum());
  }

  sum() {
    return this.chain(["+", "-"], () => this.product());
  }

  product() {
    return this.chain(["*", "/"], () => this.signed());
  }

  /**
   * @param {string[]} signs
   * @param {() => number} part
   */
  chain(signs, part) {
    let left = part();
    while (signs.includes(this.next.text)) {
      const token = this.given[this.at++];
      left = this.add(token.text, [left, part()], token);
    }
    return left;
  }

  /** @returns {number} */
  signed() {
    const token = this.next;
    if (++this.depth > MOST.depth) this.fail("The formula is nested too deeply; give a part of it a name.");
    const result = this.accept("-")
      ? this.add("-", [this.add("number", [], token, 0), this.signed()], token)
      : this.accept("+")
        ? this.signed()
        : this.power();
    this.depth--;
    return result;
  }

  power() {
    const base = this.primary();
    const token = this.next;
    return this.accept("^") || this.accept("**") ? this.add("^", [base, this.signed()], token) : base;
  }

  /** @returns {number} */
  primary() {
    const token = this.next;
    const { text } = token;
    this.at++;
    if (text === "(") {
      const inside = this.choice();
      this.expect(")");
      return inside;
    }
    if (/^[.\d]/.test(text)) return this.add("number", [], token, Number(text));
    if (Object.hasOwn(FUNCTIONS, text)) return this.call(token);
    if (Object.hasOwn(INPUTS, text)) return this.add("input", [], token, 0, text);
    if (text === "\n") return this.fail("Something is missing at the end of the line.", token);
    const names = [...Object.keys(INPUTS), ...Object.keys(FUNCTIONS), ...this.names.keys()].join(", ");
    return this.names.get(text) ?? this.fail(`"${text}" is no name here; there are ${names}.`, token);
  }

  /** @param {Token} token a function's name */
  call(token) {
    const args = [];
    this.expect("(");
    do args.push(this.choice());
    while (this.accept(","));
    this.expect(")");
    const wanted = /** @type {Record<string, number>} */ (FUNCTIONS)[token.text];
    if (args.length !== wanted)
      this.fail(`${token.text} takes ${wanted === 1 ? "one number" : "two numbers"}, not ${args.length}.`, token);
    return this.add(token.text, args, token);
  }
}

/**
 * Lines `name = expression`, the last of which is the loss of the image: a number, or a map of which the mean is taken.
 * Operators + - * / ^, comparisons, `condition ? a : b`, brackets, `# remarks`; names of INPUTS, FUNCTIONS.
 * @param {string} source
 * @returns {Operation[]} the last is the loss
 * @throws {Mistake}
 */
export function readFormula(source) {
  if (source.length > MOST.letters)
    throw new Mistake(`The formula has ${source.length} letters; it may have ${MOST.letters}. Shorten it.`, 1);
  const reader = new Reader(tokens(source));
  const loss = reader.program();
  reader.add("mean", [loss], { text: "", line: reader.operations[loss].line, column: 1 });
  return reader.operations;
}
