import assert from "node:assert/strict";
import test from "node:test";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { Session } from "../../dbce/web/lab/session.js";
import { kernels } from "./lab_golden.js";

const start = { loss: "own", problem: PRESETS[0].problem, heldOut: 4, shown: [1], width: 4, batch: 2 };

/** A session, what it said, and a wait until it rests. */
function sessionOf(more = {}, every = 3) {
  const said = [];
  const session = new Session(
    (report) => said.push(report),
    () => new Promise((resolve) => setImmediate(resolve)),
  );
  session.receive({ do: "start", kernels, start: { ...start, ...more }, every });
  const rest = async () => {
    while (session.running) await new Promise((resolve) => setImmediate(resolve));
  };
  return { session, said, rest, steps: () => said.splice(0).map(({ say, step }) => `${say} ${step}`) };
}

test("start shows the first weights; step goes so far, with a snapshot now and then and one at the end", async () => {
  const { session, said, rest, steps } = sessionOf();
  const [first] = said;
  assert.equal(first.step, 0);
  assert.equal(first.value, null);
  assert.equal(first.running, false);
  assert.equal(first.pictures.length, 1);
  assert.deepEqual(steps(), ["snapshot 0"]);
  session.receive({ do: "step" });
  await rest();
  assert.deepEqual(steps(), ["snapshot 1"]);
  session.receive({ do: "step", count: 6 });
  await rest();
  assert.deepEqual([said[0].running, said[2].running], [true, false]);
  assert.deepEqual([said[0].steps, said[1].steps, said[2].steps], [2, 3, 1]);
  assert.ok(said[0].busy > 0);
  assert.deepEqual(steps(), ["snapshot 3", "snapshot 6", "snapshot 7"]);
  session.receive({ do: "run", until: 8 });
  await rest();
  assert.deepEqual(steps(), ["snapshot 8"]);
});

test("messages get in between two steps: pause stops a run, reset rewinds it, and it goes the same way again", async () => {
  const { session, said, rest, steps } = sessionOf();
  session.receive({ do: "step", count: 3 });
  await rest();
  const { fingerprint } = said.at(-1);
  session.receive({ do: "run" });
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  session.receive({ do: "pause" });
  await rest();
  const stopped = said.at(-1).step;
  assert.ok(stopped > 3 && stopped < 20);
  steps();
  session.receive({ do: "run" });
  session.receive({ do: "reset" });
  await rest();
  assert.equal(said.at(-1).step, 0);
  session.receive({ do: "step", count: 3 });
  await rest();
  assert.equal(said.at(-1).fingerprint, fingerprint);
});

test("a mistake in a formula has its line, pauses, and can be mended", async () => {
  const { session, said, rest } = sessionOf({ settings: { formula: "ce\nq" } });
  assert.deepEqual(
    said.map(({ say, line, column }) => [say, line, column]),
    [["mistake", 2, 1]],
  );
  session.receive({ do: "step" });
  assert.match(said.at(-1).message, /"step" came before a "start" that succeeded/);
  session.receive({ do: "start", kernels, start });
  session.receive({ do: "set", settings: { formula: "x = log(y)\nx * p" } });
  const before = said.length;
  session.receive({ do: "run", until: 5 });
  await rest();
  assert.deepEqual(
    said.slice(before).map(({ say, line, step }) => [say, line, step]),
    [["mistake", 1, 0]],
  );
  session.receive({ do: "set", settings: { formula: "ce + 1 - p" } });
  session.receive({ do: "run", until: 2 });
  await rest();
  assert.equal(said.at(-1).step, 2);
});

test("settings out of range are refused and the old ones stay; what is no order is named", async () => {
  const { session, said } = sessionOf();
  session.receive({ do: "set", settings: { radius: 1000 } });
  assert.match(said.at(-1).message, /The radius is 1000; it must be a whole number from 0 to 96/);
  session.receive({ do: "set", settings: { radius: 10, threshold: 0.4 } });
  assert.equal(said.at(-1).say, "snapshot");
  session.receive(/** @type {any} */ ({ do: "sing" }));
  assert.match(said.at(-1).message, /"sing" is no order/);
});

test("another start takes the place of a run", async () => {
  const { session, said, rest } = sessionOf();
  session.receive({ do: "run" });
  await new Promise((resolve) => setImmediate(resolve));
  session.receive({ do: "start", kernels, start: { ...start, loss: "ce", seed: 5 } });
  session.receive({ do: "step", count: 2 });
  await rest();
  assert.deepEqual([said.at(-1).step, said.at(-1).running, session.trainer.loss], [2, false, "ce"]);
});
