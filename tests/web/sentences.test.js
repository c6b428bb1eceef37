import assert from "node:assert/strict";
import test from "node:test";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { factsOf } from "../../dbce/web/core/facts.js";
import { LabelStudy } from "../../dbce/web/core/label_study.js";
import { moral, oneImage, ratio, share } from "../../dbce/web/core/sentences.js";
import { Study } from "../../dbce/web/core/study.js";
import { WEIGHTINGS } from "../../dbce/web/core/weights.js";
import { slowBorders, slowDistance } from "./golden.js";

const NOUNS = {
  two: { object: "polyp", seen: "image", several: false },
  many: { object: "organs", seen: "slice", several: true },
};
const RADII = [0, 1, 2, 5, 10, 20, 40, 75, 150];

/** Disks of classes 1, 2, ... on background; a frame is ignored where asked for. */
function labelsOf(size, disks, ignored = 0) {
  const labels = new Uint8Array(size * size);
  disks.forEach(([x, y, r, cls], k) => {
    for (let i = 0; i < labels.length; i++)
      if (((i % size) - x) ** 2 + (Math.floor(i / size) - y) ** 2 <= r * r) labels[i] = cls ?? k + 1;
  });
  for (let i = 0; i < labels.length; i++)
    if (i % size < ignored || Math.floor(i / size) >= size - ignored) labels[i] = IGNORE;
  return labels;
}

/** Ignores what lies 5 to 9 px from the middle. */
function ring(labels, size) {
  for (let i = 0; i < labels.length; i++) {
    const d = Math.hypot((i % size) - size / 2, Math.floor(i / size) - size / 2);
    if (d > 5 && d < 9) labels[i] = IGNORE;
  }
}

/** Frequencies of the classes in a data set. */
const inSet = (classes) => [0.85, ...Array(classes - 1).fill(0.15 / (classes - 1))];

/** What a sentence is told of a weighting. */
const weighing = (key, classes) => ({
  key,
  hasRadius: key === "dilated",
  inSet: key === "balanced_set" ? 1 - inSet(classes)[0] : undefined,
});

function studyWith(labels, size, classes) {
  const scene = /** @type {any} */ ({ size, classes, losses: [], logit_step: 1, place: null });
  const study = classes > 2 ? new LabelStudy(scene, {}, inSet(classes)) : new Study(scene, {}, inSet(classes));
  study.setLabels(labels);
  return study;
}

/** Weights of background and objects in other weightings, CE being 1: the same in every image, as of a data set. */
const FIXED = { none: [1, 1], set: [0.6, 3.2], reversed: [2.5, 0.4], threefold: [3, 3] };

/** The numbers again, by comparing every pixel with every other and Eq. 3-5 as they stand. */
function oracle(labels, size, classes) {
  const fields = [...Array(classes).keys()].map((cls) => slowDistance(labels, cls, size));
  const pixels = [...labels.keys()].filter((i) => labels[i] !== IGNORE);
  const away = (i) => Math.min(...fields.slice(1).map((field) => field[i]));
  const borders = size < 100 ? slowBorders(labels, size) : [];
  const count = pixels.length;
  return (weighting, radius) => {
    const reach = weighting === "dilated" ? radius : 0;
    const extra = weighting === "dilated" ? 1 : 0;
    const areas = fields.map((field) => pixels.filter((i) => field[i] <= reach).length);
    const border = (i) =>
      weighting === "unet" ? (10 / count) * Math.exp(-((borders[i][0] + borders[i][1]) ** 2) / 50) : 0;
    const weight = (i) =>
      weighting === "balanced_set"
        ? 1 / (count * inSet(classes)[labels[i]])
        : weighting in FIXED
          ? FIXED[weighting][labels[i] ? 1 : 0] / pixels.length
          : border(i) +
            Math.max(...fields.map((field, cls) => (areas[cls] && field[i] <= reach ? 1 / (extra + areas[cls]) : 0)));
    const all = new Map(pixels.map((i) => [i, weight(i) * pixels.length]));
    const where = [
      pixels.filter((i) => labels[i]),
      pixels.filter((i) => !labels[i] && away(i) <= radius),
      pixels.filter((i) => !labels[i] && away(i) > radius),
    ];
    const sum = (list) => list.reduce((total, i) => total + all.get(i), 0);
    const mean = (list) => (list.length ? sum(list) / list.length : 0);
    return {
      counts: where.map((list) => list.length),
      shares: where.map((list) => sum(list) / sum(pixels)),
      times: where.map(mean),
      outside: mean(pixels.filter((i) => !labels[i] && away(i) <= 1)),
      inside: mean(pixels.filter((i) => labels[i] && fields[0][i] <= 1)),
      spread: Math.max(...all.values()) / Math.min(...all.values()),
      border: pixels.reduce((total, i) => total + border(i), 0) / pixels.reduce((total, i) => total + weight(i), 0),
      inSet: weighing(weighting, classes).inSet,
      held: areas.filter((_, cls) => pixels.some((i) => labels[i] === cls)).length,
    };
  };
}

const REGION = { "inside the polyp": 0, "inside the organs": 0, "in the rim": 1 };
const region = (text) => REGION[text] ?? 2;
const number = (text) => +text.replace(/[\s\u2009]/g, "");
/** Whether a number that is written stands for a value: to the last digit that is written. */
function stands(text, value) {
  if (text.startsWith("<") || text.startsWith(">"))
    return text[0] === "<" ? value < number(text.slice(1)) : value > number(text.slice(1));
  if (text.includes("\u00b7")) return true; // very small factors: not in this grid
  const decimals = text.split(".")[1]?.length ?? 0;
  return Math.abs(number(text) - value) <= 0.5 * 10 ** -decimals * (1 + 1e-9) + 2e-6 * Math.abs(value);
}
const PERCENT = "([<>]?\\u2009?[\\d.]+) %";
const FACTOR = "([\\d.\\u2009]+)";
const WORD = {
  All: [1, 1],
  "Nearly all": [0.9, 1],
  Most: [0.55, 0.9],
  "About half": [0.45, 0.55],
  "The largest part": [0, 0.45],
};

/**
 * Every sentence there is, and what it claims of the numbers.
 * @type {[RegExp, (match: any, facts: any, radius: any) => boolean][]}
 */
const CLAIMS = [
  [/No pixel here is an object: there is no outline\./, (_, f) => f.counts[0] === 0],
  [/Every pixel here is an object: there is no outline\./, (_, f) => f.counts[1] + f.counts[2] === 0],
  [/Right beside the outline no pixel counts\./, (_, f) => !f.outside || !f.inside],
  [
    /(?:On average a|A) pixel just outside the (?:polyp|organs) weighs as much as one just inside/,
    (_, f) => Math.abs(f.inside / f.outside - 1) < 0.0051,
  ],
  [
    new RegExp(`(?:On average a|A) pixel just outside the (?:polyp|organs) weighs 1/${FACTOR} of one just inside`),
    ([, q], f) => stands(q, f.inside / f.outside),
  ],
  [
    new RegExp(`(?:On average a|A) pixel just outside the (?:polyp|organs) weighs ${FACTOR} times one just inside`),
    ([, q], f) => stands(q, f.outside / f.inside),
  ],
  [/: there, marking too much is cheap\./, (_, f) => f.outside < f.inside],
  [/: there, missing is cheap\./, (_, f) => f.outside > f.inside],
  [/: this loss knows no outline\./, (_, f) => f.spread < 1 + 1e-6],
  [/; the disk covers everything, no step is left\./, (_, f, R) => R > 0 && f.spread < 1 + 1e-6 && f.counts[2] === 0],
  [
    new RegExp(`; beyond (\\d+) px the weight falls to 1/${FACTOR} of that\\.`),
    ([, px, q], f, R) => +px === R && f.counts[2] > 0 && stands(q, f.outside / f.times[2]),
  ],
  [
    /Every pixel weighs as much as in plain CE\./,
    (_, f) => f.spread < 1 + 1e-6 && Math.abs(Math.max(...f.times) - 1) < 0.0051,
  ],
  [
    new RegExp(`Every pixel weighs alike: plain CE, times ${FACTOR}\\.`),
    ([, v], f) => f.spread < 1 + 1e-6 && stands(v, Math.max(...f.times)),
  ],
  [
    new RegExp(
      `Against CE(?:, a pixel inside the (?:polyp|organs) \\u00d7${FACTOR})?(?:, one in the rim \\u00d7${FACTOR})?(?:, one far away \\u00d7${FACTOR})?`,
    ),
    ([, ...said], f) =>
      said.every((text, k) => (text === undefined ? f.counts[k] === 0 : f.counts[k] > 0 && stands(text, f.times[k]))),
  ],
  [/: nothing loses weight/, (_, f) => f.times.every((v, k) => !f.counts[k] || v >= 0.995 - 1e-6)],
  [
    /, (the polyp gains|the organs gain|the rim gains?|the (?:polyp|organs) and the rim gain)(?=\.)/,
    ([, who], f) => {
      const least = Math.min(...f.times.filter((_, k) => f.counts[k]));
      return [/polyp|organs/, /rim/].every((name, k) => name.test(who) === f.times[k] > 1.05 * least);
    },
  ],
  [/: some pixels lose weight/, (_, f) => f.times.some((v, k) => f.counts[k] && v < 0.995 + 1e-6)],
  [
    new RegExp(
      `(All|Nearly all|Most|About half|The largest part) of the weight \\(${PERCENT}\\) lies (inside the polyp|inside the organs|in the rim|on background far from the (?:polyp|organs))`,
    ),
    ([, word, p, place], f) => {
      const part = f.shares[region(place)];
      const [low, high] = WORD[word];
      return part === Math.max(...f.shares) && part >= low - 1e-6 && part <= high + 1e-6 && stands(p, 100 * part);
    },
  ],
  [
    new RegExp(`, as ${PERCENT} of the pixels do`),
    ([, p], f) => {
      const most = f.shares.indexOf(Math.max(...f.shares));
      return stands(p, (100 * f.counts[most]) / f.counts.reduce((a, b) => a + b));
    },
  ],
  [
    /R = 0 dilates nothing: no rim, and balanced \(image\) but for the \u201c1 \+\u201d\./,
    (_, f, R) => R === 0 && f.counts[1] === 0,
  ],
  [
    new RegExp(
      `Each of the (\\d+) classes in this slice holds as much as any other: the organs hold ${PERCENT} together\\.`,
    ),
    ([, n, p], f) =>
      +n === f.held &&
      stands(p, 100 * f.shares[0]) &&
      Math.abs(f.shares[0] - (f.counts[1] + f.counts[2] ? (f.held - 1) / f.held : 1)) < 1e-5,
  ],
  [
    new RegExp(
      `A polyp of ${PERCENT} of the image, its part in the data set, would hold half of the weight; ` +
        `this one of ${PERCENT} holds ${PERCENT}\\.`,
    ),
    ([, set, own, part], f) => {
      const count = f.counts.reduce((a, b) => a + b);
      const [object, background] = [f.inSet * f.times[0], (1 - f.inSet) * (f.times[1] || f.times[2])];
      return (
        Math.abs(object / background - 1) < 1e-5 &&
        stands(set, 100 * f.inSet) &&
        stands(own, (100 * f.counts[0]) / count) &&
        stands(part, 100 * f.shares[0])
      );
    },
  ],
  [
    new RegExp(
      `By frequencies of the data set, not of this slice: the organs are ${PERCENT} of its pixels and hold ${PERCENT} ` +
        "of the weight\\.",
    ),
    ([, own, part], f) =>
      f.inSet !== undefined &&
      stands(own, (100 * f.counts[0]) / f.counts.reduce((a, b) => a + b)) &&
      stands(part, 100 * f.shares[0]),
  ],
  [
    new RegExp(`Two objects lie close together: U-Net\u2019s border term holds ${PERCENT} of the weight\\.`),
    ([, part], f) => f.border > 0.0005 - 1e-6 && stands(part, 100 * f.border),
  ],
  [
    /U-Net\u2019s border term has nothing to add, for no two (?:objects|parts of it) lie close together: this is balanced \(image\)\./,
    (_, f) => f.border < 0.0005 + 1e-6,
  ],
  [/The polyp and the background hold half of the weight each\./, (_, f) => Math.abs(f.shares[0] - 0.5) < 1e-5],
  [
    new RegExp(`The rim is ${PERCENT} of the pixels and holds ${PERCENT} of the weight\\.`),
    ([, a, b], f) =>
      f.counts[1] > 0 &&
      stands(a, (100 * f.counts[1]) / f.counts.reduce((x, y) => x + y)) &&
      stands(b, 100 * f.shares[1]),
  ],
  [/^[.\s]+/, () => true],
];

/** Takes a text apart into claims; each must be known, and hold. */
function hold(text, facts, radius, what) {
  const seen = [];
  let rest = text;
  while (rest) {
    const k = CLAIMS.findIndex(([pattern]) => new RegExp(`^(?:${pattern.source})`).test(rest));
    assert.ok(k >= 0, `${what}: nothing is known of "${rest}"`);
    const [pattern, check] = CLAIMS[k];
    const match = new RegExp(`^(?:${pattern.source})`).exec(rest);
    assert.ok(check(match, facts, radius), `${what}: "${match[0]}" does not hold of ${JSON.stringify(facts)}`);
    seen.push(k);
    rest = rest.slice(match[0].length);
  }
  return seen;
}

/** @type {Record<string, [number, number[][], number, number]>} */
const IMAGES = {
  "one pixel": [24, [[12, 12, 0]], 2, 0],
  dot: [24, [[12, 12, 2]], 2, 0],
  "small, at the edge": [24, [[0, 3, 4]], 2, 0],
  middling: [24, [[10, 12, 7]], 2, 0],
  "three quarters": [24, [[12, 12, 12]], 2, 0],
  "nearly all": [24, [[12, 12, 15]], 2, 0],
  all: [24, [[12, 12, 99]], 2, 0],
  none: [24, [], 2, 0],
  "a frame ignored": [24, [[12, 12, 5]], 2, 4],
  "in an ignored ring": [24, [[12, 12, 5]], 2, 0],
  "two organs": [
    24,
    [
      [6, 12, 4],
      [17, 12, 5],
    ],
    3,
    0,
  ],
  "organs that touch, one absent": [
    24,
    [
      [6, 12, 5],
      [13, 12, 4],
      [12, 20, 0],
    ],
    6,
    0,
  ],
  "two parts, near": [
    24,
    [
      [7, 12, 4, 1],
      [16, 12, 3, 1],
    ],
    2,
    0,
  ],
  "one organ of four": [24, [[12, 10, 3]], 5, 3],
  "organs everywhere": [
    24,
    [
      [12, 12, 99],
      [3, 3, 3],
    ],
    3,
    0,
  ],
};
const all = new Set();

/** @param {any} study @param {string} key @param {number} radius */
function mapOf(study, key, radius) {
  if (key in WEIGHTINGS) return study.weightMap(key, radius);
  return Float32Array.from(study.labels, (cls) => (cls === IGNORE ? 0 : FIXED[key][cls ? 1 : 0] / study.valid));
}

for (const [name, [size, disks, classes, ignored]] of Object.entries(IMAGES))
  test(`every sentence holds: ${name}`, () => {
    const labels = labelsOf(size, disks, ignored);
    if (name.endsWith("ring")) ring(labels, size);
    const [study, told] = [studyWith(labels, size, classes), oracle(labels, size, classes)];
    const nouns = classes > 2 ? NOUNS.many : NOUNS.two;
    for (const key of new Set([...Object.keys(WEIGHTINGS), ...Object.keys(FIXED)]))
      for (const radius of RADII) {
        const what = `${name}, ${key}, R = ${radius}`;
        const facts = factsOf(study, mapOf(study, key, radius), radius);
        const text = moral(facts, weighing(key, classes), nouns);
        assert.doesNotMatch(text, /NaN|undefined|Infinity/, what);
        for (const claim of hold(text, told(key, radius), radius, what)) all.add(claim);
      }
  });

test("no claim of the list goes untested by the grid", () => {
  const missing = CLAIMS.filter((_, k) => !all.has(k));
  assert.deepEqual(
    missing.map(([pattern]) => pattern.source),
    [],
  );
});

test("a claim that is wrong is found", () => {
  const told = oracle(labelsOf(24, [[10, 12, 7]]), 24, 2);
  for (const [key, text] of [
    ["none", "Nearly all of the weight (95 %) lies in the rim."],
    ["dilated", "A pixel just outside the polyp weighs 1/9.1 of one just inside."],
    ["balanced", "Against CE, a pixel inside the polyp \u00d71.00."],
    ["none", "Dilation lifts the rim."],
  ])
    assert.throws(() => hold(text, told(key, 5), 5, key), assert.AssertionError);
});

/** As said of a two-class image of 320 px with one disk. */
function said(disk, key, radius) {
  const study = studyWith(labelsOf(320, [disk]), 320, 2);
  const facts = factsOf(study, study.weightMap(key, radius), radius);
  return { text: moral(facts, weighing(key, 2), NOUNS.two), facts };
}

test("the words that did not follow the numbers, now do", () => {
  const large = [150, 160, 68]; // 14 % of the image, like the flat polyp of the examples
  const wide = said(large, "none", 150);
  assert.ok(wide.facts.shares[2] < 0.2, "hardly any background is far from it");
  assert.doesNotMatch(wide.text, /Nearly all|far from/);
  assert.match(said(large, "none", 5).text, /far from the polyp/);
  for (const radius of [0, 20]) assert.match(said(large, "balanced", radius).text, /half of the weight each/);
  assert.doesNotMatch(said(large, "dilated", 0).text, /holds|beyond/);
  assert.match(said(large, "dilated", 0).text, /R = 0 dilates nothing/);
  assert.match(said(large, "dilated", 20).text, /as much as one just inside; beyond 20 px/);
  const covered = said([160, 160, 90], "dilated", 150);
  assert.equal(covered.facts.counts[2], 0);
  assert.match(covered.text, /no step is left/);
  const partly = said([20, 20, 10], "dilated", 150); // a corner: the disk leaves most of the image uncovered
  assert.ok(partly.facts.counts[2] > 0);
  assert.doesNotMatch(partly.text, /no step is left|weighs alike/);
});

test("eight organs and the background, balanced: 89 to 10 in all, not half", () => {
  const disks = [...Array(8).keys()].map((k) => [30 + 36 * k, 60 + 25 * (k % 3), 6 + k]);
  const study = studyWith(labelsOf(320, disks), 320, 9);
  const facts = factsOf(study, study.weightMap("balanced", 10), 10);
  assert.equal(share(facts.shares[0]), "89 %");
  const text = moral(facts, weighing("balanced", 9), NOUNS.many);
  assert.match(text, /Each of the 9 classes .* 89 % together/);
  assert.doesNotMatch(text, /half/);
});

test("balancing takes no weight from the rim: it raises the object, and the ratio says by how much", () => {
  const study = studyWith(labelsOf(320, [[160, 160, 57]]), 320, 2); // a tenth of the image
  const [plain, balanced] = ["none", "balanced"].map((key) => factsOf(study, study.weightMap(key, 20), 20));
  assert.ok(balanced.times[1] > plain.times[1]);
  assert.equal(ratio(plain), "1 : 1");
  const [object, rim, far] = plain.counts;
  assert.equal(ratio(balanced), `1 : ${((rim + far) / object).toFixed(1)}`);
  assert.equal(ratio(factsOf(study, study.weightMap("dilated", 20), 20)), "1 : 1");
  assert.equal(ratio(factsOf(studyWith(labelsOf(24, []), 24, 2), new Float32Array(576).fill(1), 2)), "\u2013");
});

test("shares are written so that a small one is still a number", () => {
  assert.deepEqual([0, 0.00001, 0.004, 0.0949, 0.0996, 0.5, 0.9921, 0.99995, 1].map(share), [
    "0 %",
    "<\u20090.1 %",
    "0.4 %",
    "9.5 %",
    "10 %",
    "50 %",
    "99.2 %",
    ">\u200999.9 %",
    "100 %",
  ]);
});

test("of one image: a counterexample is called one, ties are ties, and nothing is said of nothing", () => {
  const titles = { ce: "CE", bce: "Balanced CE", dbce: "Dilated balanced CE" };
  const of = (dice) => oneImage(dice, titles, "dbce", "image");
  assert.match(
    of({ ce: 0.907, bce: 0.932, dbce: 0.91 }),
    /^A counterexample: .* Balanced CE has the highest Dice, 93\.2 %/,
  );
  assert.match(of({ ce: 0.907, dbce: 0.97 }), /^On this image Dilated balanced CE has the highest Dice, 97\.0 %/);
  assert.match(of({ ce: 0.9701, dbce: 0.9698 }), /CE and Dilated balanced CE have the same highest Dice, 97\.0 %/);
  for (const none of [{}, { ce: 0.9 }, { ce: 0, dbce: 0 }, { ce: undefined, dbce: 0.5 }])
    assert.match(of(none), /^One image/);
  assert.match(of({ own: 0.9, ce: 0.8 }), /^On this image/); // networks of one's own: no method to counter
});
