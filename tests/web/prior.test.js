// Class weights taken out of a network, and Dice at every threshold.
import assert from "node:assert/strict";
import test from "node:test";
import { shiftedLogits } from "../../dbce/web/core/losses.js";
import { CONSTANTS, golden, IMAGES, LABELLED, near, same, studyNamed } from "./golden.js";

const THRESHOLDS = [0.01, 0.1, 0.37, 0.5, 0.83, 0.99];
const TWO = LABELLED.filter((name) => IMAGES[name].classes === 2);

test("corrected logits are Python's, to the last step", () => {
  const { logit, cases } = golden("prior.json");
  for (const { shift, corrected } of cases)
    same(shiftedLogits(logit, -shift, CONSTANTS.logit_step), corrected, `shift ${shift}`);
});

test("a corrected study differs in the networks that had class weights, and in nothing else", () => {
  for (const name of TWO) {
    const study = studyNamed(name);
    const before = study.crossEntropy("ce").slice();
    const other = study.corrected({ ce: 1.7, absent: 3 });
    assert.equal(study.corrected({ ce: 1.7 }), other, "made once");
    assert.equal(other.logits("dbce"), study.logits("dbce"));
    assert.equal(other.labels, study.labels);
    same(other.logits("ce"), shiftedLogits(study.logits("ce"), -1.7, study.step), name);
    same(study.crossEntropy("ce"), before, "the study itself stays");
    const object = Array.from(study.labels).indexOf(1);
    if (object >= 0) assert.ok(other.crossEntropy("ce")[object] >= before[object] - 1e-6);
    study.setLabels(study.labels.slice());
    assert.notEqual(study.corrected({ ce: 1.7 }), other, "new labels, new study");
  }
});

test("without class weights nothing is corrected", () => {
  const study = studyNamed(TWO[0]);
  assert.equal(study.corrected({}), study);
});

test("Dice at every threshold is that of the scores at each, whatever their order", () => {
  for (const name of TWO) {
    const study = studyNamed(name);
    for (const some of [study, study.corrected({ dbce: -0.9 })])
      for (const loss of study.losses)
        for (const order of [THRESHOLDS, [...THRESHOLDS].reverse(), [0.5]])
          near(
            some.diceCurve(loss, order),
            order.map((threshold) => some.compare(loss, 2, threshold).scores.dice),
            1e-12,
            `${name}, ${loss}`,
          );
  }
});
