import assert from "node:assert/strict";
import test from "node:test";
import { doubles, golden, kernels, networkOf, pass, sampled, singles } from "./lab_golden.js";
import { Network } from "../../dbce/web/lab/network.js";

const largest = (values) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
const differences = (a, b) => a.map((v, i) => v - b[i]);
const meanSize = (values) => values.reduce((sum, v) => sum + Math.abs(v), 0) / values.length;

for (const one of golden.cases) {
  const losses = doubles(one.losses);

  test(`${one.loss}, ${one.objects} objects: loss and gradient of a step are torch's`, () => {
    const network = networkOf(one);
    const loss = pass(network, one, 0);
    const [ours, torchs] = [sampled(network, "gradients"), singles(one.gradient)];
    assert.equal(ours.length, torchs.length);
    assert.ok(Math.abs(loss / losses[0] - 1) < 1e-5);
    assert.ok(largest(differences(ours, torchs)) < 1e-5 * largest(torchs));
  });

  test(`${one.loss}, ${one.objects} objects: 50 steps are torch's`, () => {
    const network = networkOf(one);
    const first = sampled(network, "parameters").slice();
    for (let step = 0; step < losses.length; step++) {
      const loss = pass(network, one, step);
      assert.ok(Math.abs(loss / losses[step] - 1) < 1e-3, `loss of step ${step + 1}`);
      network.update(golden.rate);
    }
    const [weights, torchs] = [sampled(network, "parameters"), singles(one.weights)];
    const apart = differences(weights, torchs);
    assert.ok(largest(apart) < 1e-3);
    assert.ok(meanSize(apart) < 0.05 * meanSize(differences(torchs, first)), "a twentieth of the way they went");
    const statistics = singles(one.statistics);
    assert.ok(largest(differences(sampled(network, "running"), statistics)) < 1e-2 * largest(statistics));
  });
}

test("another loss has another gradient: the tolerance is no blanket", () => {
  const [first, second] = golden.cases;
  assert.ok(
    largest(differences(singles(first.gradient), singles(second.gradient))) > 0.1 * largest(singles(first.gradient)),
  );
});

test("averages follow weights and statistics with decay 0.96, less in the first steps", () => {
  const one = golden.cases[0];
  const network = networkOf(one);
  const all = (part, count) => Float64Array.from(network.floats(network[part], network[count]));
  const pairs = [
    ["parameters", "averages", "count"],
    ["running", "runningAverages", "statistics"],
  ];
  const expected = pairs.map(([from, , count]) => all(from, count));
  for (let step = 1; step <= 40; step++) {
    pass(network, one, step);
    network.update(0.003);
    const decay = Math.min(0.96, (1 + step) / (10 + step));
    pairs.forEach(([from, , count], k) =>
      all(from, count).forEach((v, i) => (expected[k][i] = decay * expected[k][i] + (1 - decay) * v)),
    );
  }
  pairs.forEach(([from, mean, count], k) => {
    assert.ok(largest(differences(all(mean, count), expected[k])) < 1e-5);
    assert.ok(largest(differences(all(mean, count), all(from, count))) > 1e-3);
  });
});

test("a prediction with averages uses them and leaves the weights alone", () => {
  const one = golden.cases[0];
  const network = networkOf(one);
  for (let step = 1; step <= 5; step++) {
    pass(network, one, step);
    network.update(0.003);
  }
  const before = network.fingerprint();
  network.forward({ averaged: true });
  const averaged = network.logits.slice();
  network.forward();
  assert.notDeepEqual(network.logits, averaged);
  assert.equal(network.fingerprint(), before);
  network.floats(network.parameters, network.count).set(network.floats(network.averages, network.count));
  network.floats(network.running, network.statistics).set(network.floats(network.runningAverages, network.statistics));
  network.forward();
  assert.deepEqual(network.logits, averaged);
});

test("memory is taken once, under 20 MB at the lab's size, and wrong sizes are refused", () => {
  assert.ok(new Network(kernels).buffer.byteLength < 20e6);
  assert.throws(() => new Network(kernels, { width: 6 }), /width is 6/);
  assert.throws(() => new Network(kernels, { objects: 8 }), /objects is 8/);
});
