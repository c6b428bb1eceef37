import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { factsOf } from "../../dbce/web/core/facts.js";
import { studyOf } from "../../dbce/web/core/label_study.js";
import { ratio, share } from "../../dbce/web/core/sentences.js";
import { closeUp, levelFrom } from "../../dbce/web/core/tour_numbers.js";
import { STEPS, stepsFor } from "../../dbce/web/core/tour_texts.js";

const SIZE = 96;
const TITLES = { ce: "CE", bce: "Balanced CE", dice_ce: "Dice + CE", dbce: "Dilated balanced CE" };
const NETWORKS = { ce: 1, bce: 5, dice_ce: 2, dbce: 0 };
const measured = (task) =>
  JSON.parse(readFileSync(new URL(`../../checkpoints/${task}/calibration.json`, import.meta.url), "utf8"));
const MEASURED = measured("polyp");
/** Of networks that learn. */
const FRAME = {
  step: 60,
  scores: new Map(
    Object.entries({ ce: 0.9, bce: 0.41, dbce: 0.8 }).map(([loss, precision]) => [
      loss,
      { precision, recall: loss === "bce" ? 0.998 : 0.7 },
    ]),
  ),
};
const STEP = Object.fromEntries(STEPS.map((step) => [step.name, step]));

/** Disks of classes 1, 2, ...; networks that mark disks grown by some pixels, by less the higher the threshold. */
function sightOf(disks, { classes = 2, ignored = 0, networks = NETWORKS, slope = 100 } = {}) {
  const away = (i, [x, y, r]) => Math.hypot((i % SIZE) - x, Math.floor(i / SIZE) - y) - r;
  const labels = new Uint8Array(SIZE * SIZE).map((_, i) => (i % SIZE < ignored ? IGNORE : 0));
  disks.forEach((disk, k) => labels.forEach((old, i) => old !== IGNORE && away(i, disk) <= 0 && (labels[i] = k + 1)));
  const arrays = {};
  for (const [loss, grown] of Object.entries(networks)) {
    if (classes > 2) {
      const found = (_, i) => disks.findIndex((disk) => away(i, disk) <= grown) + 1;
      arrays["found:" + loss] = labels.map(found);
      arrays["entropy:" + loss] = new Int16Array(SIZE * SIZE);
    } else {
      const nearest = (i) => Math.min(...disks.map((disk) => away(i, disk)), 30);
      arrays["logit:" + loss] = Int16Array.from(labels, (_, i) => Math.round(slope * (grown - nearest(i))));
    }
  }
  const scene = { size: SIZE, classes, losses: Object.keys(networks), logit_step: 0.005, place: null };
  const study = studyOf(/** @type {any} */ (scene), arrays);
  study.setLabels(labels);
  const several = classes > 2;
  const nouns = { object: several ? "organs" : "polyp", seen: several ? "slice" : "image", several };
  const shifts = several || !("bce" in networks) ? {} : { bce: MEASURED.shift.bce };
  const calibration = several ? measured("organs") : MEASURED;
  const colours = { up: "Blue", down: "Red" };
  const lab = { titles: TITLES, frame: FRAME };
  return { study, nouns, paper: 20, last: 150, titles: TITLES, method: "dbce", shifts, calibration, colours, lab };
}

const SIGHTS = {
  dot: sightOf([[48, 48, 2]]),
  middling: sightOf([[40, 50, 17]]),
  large: sightOf([[48, 48, 44]]),
  "in a corner": sightOf([[2, 2, 3]]),
  all: sightOf([[48, 48, 99]]),
  none: sightOf([]),
  "partly ignored": sightOf([[60, 48, 12]], { ignored: 20 }),
  "without these networks": sightOf([[40, 50, 17]], { networks: /** @type {any} */ ({ mine: 2 }) }),
  "balanced CE keeps to it": sightOf([[40, 50, 17]], { networks: { ...NETWORKS, ce: 4, bce: 1 } }),
  "no threshold helps": sightOf([[40, 50, 17]], { networks: { ...NETWORKS, bce: 12 }, slope: 600 }),
  organs: sightOf([[20, 20, 9], [70, 60, 14]], { classes: 4 }), // prettier-ignore
};
SIGHTS["too wide for the largest disk"] = { ...SIGHTS["in a corner"], last: 60 };
SIGHTS["nothing measured"] = { ...SIGHTS.middling, calibration: null };
const factsAt = ({ study }, key, radius) => factsOf(study, study.weightMap(key, radius), radius);

/** What the visitor has set. */
const now = (patch = {}) => ({
  weighting: "dilated", radius: 20, threshold: 0.5, loss: "ce", map: "loss", prior: "trained", shown: Object.keys(TITLES),
  guess: null, swept: /** @type {[number, number]} */ ([0.5, 0.5]), ...patch,
}); // prettier-ignore

const names = (sight) => stepsFor(sight).map(({ name }) => name);
const LONGEST = { text: 270, ask: 130, answer: 175 }; // characters that a phone shows beside the figure

/** Every weighting at every radius; and every threshold with whatever else can be moved. */
const MOVES = [
  ...["none", "balanced", "dilated"].flatMap((weighting) =>
    [0, 1, 7, 20, 150].map((radius) => ({ weighting, radius })),
  ),
  ...[0.2, 0.5, 0.85, 0.93].flatMap((threshold) => [
    { threshold },
    { threshold, prior: "corrected", map: "gradient" },
    { threshold, prior: "corrected", guess: 30, swept: [0.2, 0.93] },
    { threshold, shown: ["ce"], guess: 100, swept: [0.2, 0.8] },
  ]),
];

for (const [name, sight] of Object.entries(SIGHTS))
  test(`every step, whatever is moved: ${name}`, () => {
    const loss = sight.study.losses[0];
    for (const step of stepsFor(sight)) {
      const [text, ask] = [step.text(sight), step.ask(sight)];
      assert.ok(step.title && text.length > 60 && ask.length > 20);
      assert.ok(text.length <= LONGEST.text && ask.length <= LONGEST.ask, `too long for a phone: ${text} ${ask}`);
      let answered = 0;
      for (const patch of MOVES) {
        const said = step.answer(sight, now({ loss, ...patch }));
        assert.doesNotMatch(text + ask + said, /NaN|undefined|Infinity|null|\[object/);
        assert.ok(said.length <= LONGEST.answer, `${step.name}: ${said}`);
        answered += said ? 1 : 0;
      }
      assert.ok(answered, `${step.name} has a question that nothing answers`);
    }
  });

test("no step is answered as it begins", () => {
  const begins = {
    vote: { weighting: "none" },
    raise: { weighting: "none" },
    push: { weighting: "balanced", loss: "bce" },
    rim: { shown: ["ce", "bce"] },
    cost: { shown: ["ce", "bce"] },
    away: { radius: 0 },
    ceiling: { radius: 0 },
    end: {},
    honest: {},
    lab: {},
  };
  const rests = { titles: TITLES, frame: { ...FRAME, step: 0 } };
  for (const sight of [SIGHTS.middling, SIGHTS.dot, SIGHTS.organs, SIGHTS["balanced CE keeps to it"]])
    for (const step of stepsFor(sight))
      assert.equal(step.answer({ ...sight, lab: rests }, now(begins[step.name])), "", step.name);
});

test("a step that the networks or the measurements do not bear is left out", () => {
  const all = ["vote", "raise", "push", "rim", "away", "ceiling", "end", "honest", "lab"];
  const { middling } = SIGHTS;
  assert.deepEqual(names(middling), all);
  assert.deepEqual(names({ ...middling, calibration: measured("lesion"), shifts: measured("lesion").shift }), all);
  assert.deepEqual(names(SIGHTS.organs), ["vote", "raise", "cost", "away", "ceiling", "end", "lab"]);
  const unmeasured = all.filter((name) => !["rim", "honest"].includes(name));
  for (const sight of ["nothing measured", "without these networks"])
    assert.deepEqual(names(SIGHTS[sight]), unmeasured);

  const changed = (change) => {
    const calibration = structuredClone(MEASURED);
    change(calibration);
    return names({ ...middling, calibration });
  };
  const without = (name) => all.filter((other) => other !== name);
  const dirty = ({ rows }) => (rows.bce.rim_fp = rows.bce.rim_fp.map((v) => 2 * v));
  assert.deepEqual(changed(dirty), without("rim"));
  const beyondChance = ({ pairs }) => pairs["bce_corrected|ce"].forEach((each) => each.splice(0, 3, -2, -3, -1));
  assert.deepEqual(changed(beyondChance), without("honest"));
  assert.deepEqual(
    changed(({ pairs }) => delete pairs["bce_corrected|ce"]),
    without("honest"),
  );
  assert.deepEqual(
    changed(({ rows }) => rows.dbce.dice.reverse()),
    all,
    "1 - 0.44 lies near one half, too",
  );
  assert.deepEqual(
    changed(({ rows }) => rows.dbce.dice.splice(79, 1, 99)),
    without("honest"),
  );
  assert.deepEqual(
    changed((c) => c.thresholds.splice(0)),
    unmeasured,
  );
});

test("the guess is held against the share of this image", () => {
  for (const sight of Object.values(SIGHTS)) {
    const { study } = sight;
    const counted = [...study.labels].filter((label) => label !== IGNORE);
    const real = share(counted.filter(Boolean).length / counted.length);
    assert.ok(STEP.vote.answer(sight, now({ guess: 0 })).startsWith(`You said 0 %; it is ${real}. `));
  }
});

test("ratios are those of this image", () => {
  for (const sight of Object.values(SIGHTS))
    for (const [name, weighting] of [
      ["raise", "balanced"],
      ["away", "dilated"],
    ])
      // prettier-ignore
      for (const radius of [1, 5, 150]) {
        const facts = factsAt(sight, weighting, radius);
        const said = STEP[name].answer(sight, now({ weighting, radius }));
        if (facts.outside && facts.inside) assert.ok(said.includes(ratio(facts)) || said.includes("From R = "), said);
        else assert.match(said, /^There is no outline here/);
      }
});

test("the push is that of M (p - y), summed pixel by pixel", () => {
  for (const sight of Object.values(SIGHTS).filter(({ nouns }) => !nouns.several)) {
    const { study } = sight;
    const [loss] = study.losses;
    let [up, down] = [0, 0];
    for (let i = 0; i < study.count; i++) {
      if (study.labels[i] === IGNORE) continue;
      const pushed = study.weightAt(i, "balanced", 20) * (study.probabilityAt(loss, i) - study.labels[i]);
      if (study.labels[i]) up -= pushed;
      else down += pushed;
    }
    const said = STEP.push.answer(sight, now({ weighting: "balanced", map: "gradient", loss }));
    if (!study.labels.includes(1)) assert.match(said, /all of the push is down/);
    else assert.ok(said.includes(`${share(up / (up + down))} is up and ${share(down / (up + down))} down`), said);
  }
});

test("from the radius that it names on, and not before, outside and inside weigh the same", () => {
  const { middling, all } = SIGHTS;
  assert.equal(levelFrom(middling), 1);
  assert.match(STEP.away.answer(middling, now({ radius: 9 })), /^From R = 1 on\..* 9 px now\.$/);
  assert.notEqual(ratio(factsAt(middling, "dilated", 0)), "1 : 1");
  assert.equal(levelFrom(all), null);
});

test("the red rim: the first threshold that brings it down to CE's answers, and the prior corrected does", () => {
  const count = (sight, loss, t, study = sight.study) => study.compare(loss, 20, t).errors;
  const { middling } = SIGHTS;
  const plain = count(middling, "ce", 0.5).rim;
  const at = Array.from({ length: 50 }, (_, k) => 0.5 + k / 100);
  const first = at.find((t) => count(middling, "bce", t).rim <= plain);
  for (const t of at) assert.equal(Boolean(STEP.rim.answer(middling, now({ threshold: t }))), t >= first, String(t));
  const [before, after] = [0.5, first].map((t) => count(middling, "bce", t));
  const said = STEP.rim.answer(middling, now({ threshold: first }));
  assert.ok(
    said.startsWith(`At ${first.toFixed(2)}: ${after.rim} px, ${before.rim} before; it misses ${after.missed}`),
  );
  const corrected = count(middling, "bce", first, middling.study.corrected(middling.shifts));
  const other = STEP.rim.answer(middling, now({ threshold: first, prior: "corrected" }));
  assert.ok(other.startsWith(`Prior corrected, at ${first.toFixed(2)}: ${corrected.rim} px, ${before.rim} before`));
  const text = STEP.rim.text(middling);
  const { ce, bce } = MEASURED.rows;
  for (const number of [0.85, bce.rim_fp[49], bce.rim_fp[84], ce.rim_fp[49]])
    assert.ok(text.includes(number === 0.85 ? "0.85" : number.toFixed(1)), `${number}: ${text}`);
});

test("an image whose red rim is no larger, or that no threshold repairs, is told as one", () => {
  const kept = SIGHTS["balanced CE keeps to it"];
  assert.match(STEP.rim.ask(kept), /^Not on this image: Balanced CE has (\d+) px of red rim, CE \d+\./);
  const stuck = SIGHTS["no threshold helps"];
  assert.ok(stuck.study.compare("bce", 20, 0.99).errors.rim > stuck.study.compare("ce", 20, 0.5).errors.rim);
  assert.match(STEP.rim.ask(stuck), /^Here Balanced CE has .*Raise the threshold to 0\.85: what is left of it\?$/);
  for (const sight of [kept, stuck]) {
    assert.equal(STEP.rim.answer(sight, now({ threshold: 0.84 })), "");
    assert.match(STEP.rim.answer(sight, now({ threshold: 0.85 })), /^At 0\.85: /);
  }
});

test("organs: red pixels in the rim of three networks", () => {
  const { organs } = SIGHTS;
  const rim = (loss) => /** @type {any} */ (organs.study).compareLabels(loss, 20).errors.rim;
  assert.ok(STEP.cost.text(organs).includes(`Balanced CE has ${rim("bce")} px of them, CE ${rim("ce")}`));
  assert.equal(
    STEP.cost.answer(organs, now()),
    `Dilated balanced CE has ${rim("dbce")} px, CE ${rim("ce")}, Balanced CE ${rim("bce")}.`,
  );
});

test("the weights of a dot, and of the smallest object in view, pixel by pixel", () => {
  assert.match(STEP.ceiling.text(SIGHTS.dot), /a dot of 13 px weighs 1\/14 at R = 0, and 1\/1\u2009494 at R = 20/);
  const { study } = SIGHTS.dot;
  const [at0, at20] = [0, 20].map((radius) => Math.round(1 / study.weightAt(48 * SIZE + 48, "dilated", radius)));
  assert.deepEqual([at0, at20], [14, 1494]);
  assert.equal(STEP.ceiling.answer(SIGHTS.dot, now()), "W\u1d9c was 1/14 at R = 0; at R = 20 it is 1/1\u2009494.");
  assert.match(STEP.ceiling.answer(SIGHTS.none, now()), /^No pixel here is an object/);
});

test("that every pixel weighs the same is said only where it does", () => {
  const seen = new Set();
  for (const [name, sight] of Object.entries(SIGHTS)) {
    const { study, last } = sight;
    const counted = [...study.weightMap("dilated", last)].filter((_, i) => study.labels[i] !== IGNORE);
    const alike = counted.every((weight) => weight === counted[0]);
    seen.add(alike);
    const said = STEP.end.answer(sight, now({ radius: last }));
    assert.equal(said.includes("every pixel weighs the same"), alike, name);
    assert.equal(said.includes("Not there yet"), !alike, name);
    assert.ok(said.includes(`${share(factsAt(sight, "dilated", last).shares[0])} of the weight`), name);
    assert.equal(STEP.end.answer(sight, now({ radius: last - 1 })), "");
  }
  assert.equal(seen.size, 2);
});

test("whose Dice moves least, counted threshold by threshold, and whose gap is the smallest", () => {
  const { middling, none } = SIGHTS;
  const swing = (loss) => {
    const dice = Array.from({ length: 61 }, (_, k) => middling.study.compare(loss, 20, 0.2 + k / 100).scores.dice);
    return 100 * (Math.max(...dice) - Math.min(...dice));
  };
  const least = Object.keys(TITLES).reduce((a, b) => (swing(b) < swing(a) ? b : a));
  const swept = /** @type {[number, number]} */ ([0.2, 0.8]);
  const said = STEP.honest.answer(middling, now({ swept }));
  assert.ok(said.startsWith(`${TITLES[least]}, by ${swing(least).toFixed(1)} points. `), said);
  assert.ok(said.includes(MEASURED.rows[least].gap[0].toFixed(1)));
  assert.ok(said.includes(MEASURED.rows.dbce.gap[0].toFixed(1)), "the smallest of all");
  for (const half of [
    [0.2, 0.79],
    [0.21, 0.8],
  ])
    // prettier-ignore
    assert.equal(STEP.honest.answer(middling, now({ swept: /** @type {[number, number]} */ (half) })), "");
  assert.match(STEP.honest.answer(none, now({ swept })), /^4 of 4 alike, by 0\.0 points\. /);
});

test("a close-up holds every object, and no more of the image than it must", () => {
  for (const [name, { study }] of Object.entries(SIGHTS)) {
    const [scale, x, y] = closeUp(study, 6, 3);
    assert.ok(scale >= 1 && scale <= 3, name);
    study.labels.forEach((label, i) => {
      if (!label || label === IGNORE) return;
      for (const [at, corner] of [
        [i % SIZE, x],
        [Math.floor(i / SIZE), y],
      ]) {
        // prettier-ignore
        const placed = (at / SIZE) * scale + Math.max(1 - scale, Math.min(0, corner));
        assert.ok(placed >= -1e-9 && placed < 1, `${name}: ${placed}`);
      }
    });
  }
  assert.deepEqual(closeUp(SIGHTS.none.study, 6, 3), [1, 0, 0]);
  assert.equal(closeUp(SIGHTS.dot.study, 6, 3)[0], 3);
});

test("the lab names whoever has the lowest precision, as it is printed", () => {
  const { lab } = SIGHTS.middling;
  const said = (frame) => STEP.lab.answer({ ...SIGHTS.middling, lab: { ...lab, frame } }, now());
  assert.equal(said(FRAME), "At step 60 the lowest precision, 41 %, is that of Balanced CE; its recall is 100 %.");
  const tie = new Map([...FRAME.scores, ["ce", { precision: 0.4149, recall: 0.5 }]]);
  assert.equal(
    said({ step: 80, scores: tie }),
    "At step 80 the lowest precision, 41 %, is that of CE and Balanced CE.",
  );
  assert.equal(said(null), "");
  assert.equal(
    said({ step: 60, scores: new Map([["ce", { precision: 0.5, recall: 0.5 }]]) }),
    "",
    "one is none to compare",
  );
});
