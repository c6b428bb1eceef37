import assert from "node:assert/strict";
import test from "node:test";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { factsOf } from "../../dbce/web/core/facts.js";
import { studyOf } from "../../dbce/web/core/label_study.js";
import { ratio, share } from "../../dbce/web/core/sentences.js";
import { levelFrom, STEPS } from "../../dbce/web/core/tour_texts.js";

const SIZE = 96;
const TITLES = { ce: "CE", bce: "Balanced CE" };

/** Disks of classes 1, 2, ...; networks that mark disks grown by some pixels, by less the higher the threshold. */
function sightOf(disks, { classes = 2, ignored = 0, networks = { ce: 1, bce: 5 } } = {}) {
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
      arrays["logit:" + loss] = Int16Array.from(labels, (_, i) => Math.round(100 * (grown - nearest(i))));
    }
  }
  const scene = { size: SIZE, classes, losses: Object.keys(networks), logit_step: 0.005, place: null };
  const study = studyOf(/** @type {any} */ (scene), arrays);
  study.setLabels(labels);
  const several = classes > 2;
  const nouns = { object: several ? "organs" : "polyp", seen: several ? "slice" : "image", several };
  return { study, nouns, paper: 20, last: 150, titles: TITLES };
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
  "balanced CE keeps to it": sightOf([[40, 50, 17]], { networks: { ce: 4, bce: 1 } }),
  organs: sightOf([[20, 20, 9], [70, 60, 14]], { classes: 4 }), // prettier-ignore
};
SIGHTS["too wide for the largest disk"] = { ...SIGHTS["in a corner"], last: 60 };
const factsAt = ({ study }, key, radius) => factsOf(study, study.weightMap(key, radius), radius);

for (const [name, sight] of Object.entries(SIGHTS))
  test(`every step, whatever is moved: ${name}`, () => {
    for (const step of STEPS) {
      assert.ok(step.title && step.text(sight).length > 60);
      for (const weighting of ["none", "balanced", "dilated"])
        for (const radius of [0, 1, 7, 20, 150])
          for (const threshold of [0.2, 0.5, 0.93]) {
            const said = [step.text(sight), step.ask(sight), step.answer(sight, { weighting, radius, threshold })];
            assert.doesNotMatch(said.join(" "), /NaN|undefined|Infinity|null/);
            if (!said[1]) assert.equal(said[2], "", "an answer without a question");
          }
    }
  });

const now = (weighting, radius, threshold = 0.5) => ({ weighting, radius, threshold });

test("steps 1, 2 and 4 give the shares and ratios of this image", () => {
  for (const sight of Object.values(SIGHTS)) {
    const plain = factsAt(sight, "none", 20);
    assert.ok(STEPS[0].text(sight).includes(`(${share(Math.max(...plain.shares))})`));
    assert.equal(STEPS[0].answer(sight, now("none", 20)), "");
    for (const [step, weighting] of /** @type {[number, string][]} */ ([
      [1, "balanced"],
      [3, "dilated"],
    ]))
      // prettier-ignore
      for (const radius of [1, 5, 150]) {
        const facts = factsAt(sight, weighting, radius);
        const said = STEPS[step].answer(sight, now(weighting, radius));
        if (facts.outside && facts.inside) assert.ok(said.includes(ratio(facts)) || said.includes("From R = "), said);
      }
  }
});

test("from the radius that step 4 names on, and not before, outside and inside weigh the same", () => {
  const from = levelFrom(SIGHTS.middling);
  assert.equal(from, 1);
  assert.match(STEPS[3].answer(SIGHTS.middling, now("dilated", 9)), /^From R = 1 on\..* 9 px now\.$/);
  assert.equal(STEPS[3].answer(SIGHTS.middling, now("dilated", 0)), "");
  assert.notEqual(ratio(factsAt(SIGHTS.middling, "dilated", 0)), "1 : 1");
  assert.equal(levelFrom(SIGHTS.all), null);
});

test("step 3 counts red pixels in the rim, and says so where balanced CE has no more of them than CE", () => {
  const rim = (sight, loss, t = 0.5) => sight.study.compare(loss, 20, t).errors.rim;
  const { middling } = SIGHTS;
  assert.ok(
    STEPS[2].text(middling).includes(`Balanced CE has ${rim(middling, "bce")} px of them, CE ${rim(middling, "ce")}`),
  );
  assert.doesNotMatch(STEPS[2].text(middling), /Not on this/);
  assert.equal(STEPS[2].answer(middling, now("dilated", 20, 0.51)), "");
  const t = [...Array(50).keys()].map((k) => 0.5 + k / 100).find((v) => rim(middling, "bce", v) <= rim(middling, "ce"));
  assert.ok(
    STEPS[2].answer(middling, now("dilated", 20, t)).startsWith(`At ${t.toFixed(2)}: ${rim(middling, "bce", t)} px`),
  );
  assert.match(STEPS[2].text(SIGHTS["balanced CE keeps to it"]), /Not on this image/);
  assert.equal(STEPS[2].ask(SIGHTS.organs), "");
  assert.doesNotMatch(STEPS[2].text(SIGHTS["without these networks"]), /Here|Not on/);
  for (const sight of Object.values(SIGHTS)) assert.match(STEPS[2].text(sight), /One (image|slice) proves nothing/);
});

test("step 5: the weights of a dot, and of the smallest object in view, pixel by pixel", () => {
  assert.match(STEPS[4].text(SIGHTS.dot), /13 px weighs 1\/14 a pixel at R = 0, and 1\/1\u2009494 at R = 20/);
  const { study } = SIGHTS.dot;
  const [at0, at20] = [0, 20].map((radius) => Math.round(1 / study.weightAt(48 * SIZE + 48, "dilated", radius)));
  assert.deepEqual([at0, at20], [14, 1494]);
  assert.equal(
    STEPS[4].answer(SIGHTS.dot, now("dilated", 20)),
    "W\u1d9c was 1/14 at R = 0; at R = 20 it is 1/1\u2009494.",
  );
  assert.equal(STEPS[4].answer(SIGHTS.none, now("dilated", 20)), "");
});

test("step 6 says that every pixel weighs the same only where it does", () => {
  const seen = new Set();
  for (const [name, sight] of Object.entries(SIGHTS)) {
    const { study, last } = sight;
    const counted = [...study.weightMap("dilated", last)].filter((_, i) => study.labels[i] !== IGNORE);
    const alike = counted.every((weight) => weight === counted[0]);
    seen.add(alike);
    const said = STEPS[5].answer(sight, now("dilated", last));
    assert.equal(said.includes("every pixel weighs the same"), alike, name);
    assert.equal(said.includes("Not there yet"), !alike, name);
    assert.ok(said.includes(`${share(factsAt(sight, "dilated", last).shares[0])} of the weight`), name);
    assert.equal(STEPS[5].answer(sight, now("dilated", last - 1)), "");
  }
  assert.equal(seen.size, 2);
});
