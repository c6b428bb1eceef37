import assert from "node:assert/strict";
import test from "node:test";
import { FUNCTIONS, INPUTS, Mistake, readFormula } from "../../dbce/web/lab/formula.js";
import { random } from "../../dbce/web/lab/random.js";
import { Tape } from "../../dbce/web/lab/tape.js";

const COUNT = 6;

/** Numbers for every name of a formula. */
function inputsOf(seed) {
  const u = random(seed);
  const map = (make) => Float64Array.from({ length: COUNT }, make);
  const p = map(() => 0.05 + 0.9 * u());
  const y = map((_, i) => i % 2);
  return { p, y, ce: map(() => 0.1 + u()), w: map(() => u()), d: map((_, i) => 1 + i), f: 0.01, a: 3, n: COUNT, r: 4 };
}

const valueOf = (source, inputs = inputsOf(1)) => new Tape(source, COUNT).forward(inputs);
const mean = (values) => values.reduce((a, b) => a + b) / values.length;

/** Formulas, and the same in JavaScript: a map, of which the mean is taken. @type {Record<string, (of: any) => number[]>} */
const PAIRS = {
  ce: ({ ce }) => [...ce],
  "-log(y ? p : 1 - p)": ({ p, y }) => [...p].map((q, i) => -Math.log(y[i] ? q : 1 - q)),
  "(1 - p)^2 * ce + 2 - 3 - 4": ({ p, ce }) => [...p].map((q, i) => (1 - q) ** 2 * ce[i] - 5),
  "2 ^ 3 ^ 2 * 0 - -p / 2 / 3": ({ p }) => [...p].map((q) => q / 6),
  "-2 ^ 2 + p": ({ p }) => [...p].map((q) => q - 4),
  "p ^ 1.5 + p ^ -1": ({ p }) => [...p].map((q) => q ** 1.5 + 1 / q),
  "y ? 0.5 / f * ce : 0.5 / (1 - f) * ce": ({ y, ce, f }) =>
    [...ce].map((c, i) => (y[i] ? 0.5 / f : 0.5 / (1 - f)) * c),
  "d <= r ? p / a : p / n": ({ d, r, p, a, n }) => [...p].map((q, i) => (d[i] <= r ? q / a : q / n)),
  "p > 0.5 ? p : p != p ? 7 : min(p, 0.3) + max(p, w)": ({ p, w }) =>
    [...p].map((q, i) => (q > 0.5 ? q : Math.min(q, 0.3) + Math.max(q, w[i]))),
  "# soft Dice\nup = 2 * sum(p * y); down = sum(p) + sum(y)  // both numbers\n\nreturn 1 - up / down": ({ p, y }) => [
    1 - (2 * p.reduce((s, q, i) => s + q * y[i], 0)) / (p.reduce((s, q) => s + q) + y.reduce((s, q) => s + q)),
  ],
  "abs(p - 0.5) + sqrt(p) + exp(-p) * (p >= 0.5) - (p < 0.2) + mean(p) * 2e-1": ({ p }) =>
    [...p].map(
      (q) => Math.abs(q - 0.5) + Math.sqrt(q) + Math.exp(-q) * Number(q >= 0.5) - Number(q < 0.2) + 0.2 * mean([...p]),
    ),
  "loss = (p\n  + w) # a bracket goes over lines\n": ({ p, w }) => [...p].map((q, i) => q + w[i]),
  "p == y ? 1 : 1.5 * p ** 2": ({ p }) => [...p].map((q) => 1.5 * q * q),
};

for (const [source, twin] of Object.entries(PAIRS))
  test(`value and slopes of ${JSON.stringify(source)}`, () => {
    for (const seed of [1, 2, 3]) {
      const inputs = inputsOf(seed);
      assert.ok(Math.abs(valueOf(source, inputs) - mean(twin(inputs))) < 1e-12);
      const tape = new Tape(source, COUNT);
      const slopes = { p: new Float64Array(COUNT), ce: new Float64Array(COUNT) };
      tape.forward(inputs);
      tape.backward(inputs, slopes.p, slopes.ce);
      for (const name of ["p", "ce"])
        for (let i = 0; i < COUNT; i++) {
          const at = (h) => mean(twin({ ...inputs, [name]: inputs[name].map((v, k) => (k === i ? v + h : v)) }));
          const expected = (at(1e-6) - at(-1e-6)) / 2e-6;
          assert.ok(Math.abs(slopes[name][i] - expected) < 1e-6 * Math.max(1, Math.abs(expected)), `${name} ${i}`);
        }
    }
  });

/** @type {[string, number, number, RegExp][]} */
const WRONG = [
  ["ce +", 1, 5, /missing at the end of the line/],
  ["ce\nx = 2\nce * q", 3, 6, /"q" is no name here; there are p, y, ce.*, x\./],
  ["a = 2\nce", 1, 1, /"a" has a meaning already/],
  ["exp = 2\nce", 1, 1, /"exp" has a meaning already/],
  ["(ce", 1, 4, /"\)" is missing at the end of the line/],
  ["ce)", 1, 3, /"\)" is one too many/],
  ["ce ce", 1, 4, /"ce" is one too many/],
  ["y ? ce", 1, 7, /":" is missing/],
  ["min(ce)", 1, 1, /min takes two numbers, not 1/],
  ["log(ce, 2)", 1, 1, /log takes one number, not 2/],
  ["log ce", 1, 5, /"\(" is missing before "ce"/],
  ["", 1, 1, /empty/],
  ["# nothing\n", 1, 1, /empty/],
  ["w * 2", 1, 1, /does not depend on p or ce/],
  ["ce * 'x'", 1, 6, /"'" is no name/],
  ["toString", 1, 1, /"toString" is no name/],
  ["constructor(ce)", 1, 1, /"constructor" is no name/],
  ["ce.constructor", 1, 3, /"\." is one too many/],
  ["x = y = 2", 1, 7, /"=" is one too many/],
  ["(".repeat(100) + "ce", 1, 40, /nested too deeply/],
  ["-".repeat(100) + "ce", 1, 40, /nested too deeply/],
  ["ce" + "+ce".repeat(200), 1, 299, /more than 200 operations/],
  ["ce #" + "x".repeat(3000), 1, 1, /has 3004 letters; it may have 2000/],
];

for (const [source, line, column, message] of WRONG)
  test(`a mistake has its line: ${JSON.stringify(source.slice(0, 30))}`, () => {
    assert.throws(
      () => new Tape(source, COUNT),
      (error) => {
        assert.ok(error instanceof Mistake);
        assert.match(error.message, message);
        assert.equal(error.line, line);
        if (source.length < 100) assert.equal(error.column, column);
        return true;
      },
    );
  });

test("a number that is not finite names its line, what made it and where", () => {
  const fails = (source, line, message) =>
    assert.throws(
      () => {
        const tape = new Tape(source, COUNT);
        tape.forward(inputsOf(1));
        tape.backward(inputsOf(1), new Float64Array(COUNT), new Float64Array(COUNT));
      },
      (error) => error instanceof Mistake && error.line === line && message.test(error.message),
    );
  fails("x = p\nz = log(y)\nx * z", 2, /result of "log" is no finite number at a pixel where y = 0/);
  fails("x = 1 / y\nx * ce", 1, /"\/"/);
  fails("x = p - p\nsqrt(x)", 2, /slope/);
});

test("what a choice does not take does no harm", () => {
  const tape = new Tape("y ? 1 / y * ce : ce + 0 * (y ? 1 : sqrt(p - 2))", COUNT);
  assert.throws(() => tape.forward(inputsOf(1)), Mistake); // 0 times no number is none
  const inputs = inputsOf(1);
  const slopes = [new Float64Array(COUNT), new Float64Array(COUNT)];
  const good = new Tape("y ? ce : p > 2 ? sqrt(p - 2) : ce", COUNT);
  assert.ok(Math.abs(good.forward(inputs) - mean([...inputs.ce])) < 1e-12);
  good.backward(inputs, slopes[0], slopes[1]);
  assert.ok(slopes[0].every((v) => v === 0) && slopes[1].every((v) => Math.abs(v - 1 / COUNT) < 1e-12));
});

test("a formula can name its inputs and functions and nothing else", () => {
  for (const name of Object.keys(INPUTS)) assert.doesNotThrow(() => readFormula(`${name} * ce`));
  for (const [name, count] of Object.entries(FUNCTIONS))
    assert.doesNotThrow(() => readFormula(`${name}(${Array(count).fill("ce").join(",")})`));
  for (const name of ["globalThis", "self", "fetch", "__proto__", "hasOwnProperty", "eval", "import", "this"])
    assert.throws(() => readFormula(`${name} * ce`), Mistake);
});
