// Networks side by side: in step, paused together, rewound bit for bit; a mistake stops nobody else. In Node, with the
// sessions that the workers hold.
import assert from "node:assert/strict";
import test from "node:test";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { Run, SCORED, SEEN } from "../../dbce/web/lab/run.js";
import { Session } from "../../dbce/web/lab/session.js";
import { kernels } from "./lab_golden.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const small = { problem: PRESETS[0].problem, heldOut: 4, shown: [0], width: 4, batch: 2 };
const startOf = (loss, more = {}) => ({ loss, ...small, ...more });

/** A run whose networks learn here, and a wait until all rest. */
function runOf(losses, options = {}) {
  const sessions = new Set();
  const hire = (hear) => {
    const session = new Session((report) => setImmediate(() => sessions.has(session) && hear(report)), turn);
    sessions.add(session);
    const tell = (order) => setImmediate(() => sessions.has(session) && session.receive(order));
    const start = (start, every, scored) => tell({ do: "start", kernels, start, every, scored });
    return { start, tell, end: () => sessions.delete(session) };
  };
  const steps = []; // at which each stood whenever something changed
  const run = new Run(hire, () => steps.push([...run.seats.values()].map(({ step }) => step)), options);
  run.begin(new Map(losses.map((loss) => [loss, startOf(loss)])));
  const until = async (holds) => {
    for (let i = 0; !holds(); i++) {
      assert.ok(i < 20000, "it never comes to that");
      await turn();
    }
  };
  const rest = () => until(() => !run.playing && run.at === run.granted && [...sessions].every((s) => !s.running));
  return { run, steps, until, rest, sessions };
}

const prints = (run) => [...run.seats.values()].map(({ prints: of }) => of.get(run.at));

test("none is ever more than a picture ahead; they stop together, with scores, where they were let go to", async () => {
  const { run, steps, rest, until } = runOf(["ce", "bce"]);
  run.until = 2 * SCORED;
  run.play();
  await until(() => run.at >= SEEN);
  run.pause();
  await rest();
  await until(() => [...run.seats.values()].every(({ shown }) => shown.step === run.at && shown.scores));
  assert.equal(run.at % SEEN, 0);
  run.play();
  await rest();
  assert.equal(run.at, 2 * SCORED, "it stops by itself");
  for (const [a, b] of steps) assert.ok(Math.abs(a - b) <= SEEN, `${a} and ${b}`);
  const curve = run.seats.get("bce").curve;
  assert.deepEqual([curve[0].step, curve.at(-1).step], [0, 2 * SCORED]);
  assert.ok(curve.at(-1).corrected.dice >= 0 && run.seats.get("ce").curve.at(-1).corrected === null);
});

test("rewind means rewind: the same steps give the same bits, and a changed rate does not claim it", async () => {
  const { run, rest } = runOf(["ce", "dbce"]);
  run.until = SEEN;
  run.play();
  await rest();
  const first = prints(run);
  run.rewind();
  await rest();
  assert.deepEqual([run.at, run.playing], [0, false]);
  run.play();
  await rest();
  assert.deepEqual(prints(run), first);
  assert.deepEqual(run.repeat, { step: SEEN, same: true });
  run.set(() => ({ learningRate: 0.01 }), true);
  run.rewind();
  run.play();
  await rest();
  assert.notDeepEqual(prints(run), first);
  assert.equal(run.repeat, null);
});

test("a rate that is changed while they learn holds for all from the same step on", async () => {
  const { run, rest, until } = runOf(["ce", "dice_ce"]);
  run.until = 2 * SEEN;
  run.play();
  await until(() => run.granted === 2 * SEEN && run.seats.get("ce").step < 2 * SEEN);
  run.set(() => ({ learningRate: 0.01 }), true);
  await rest();
  assert.deepEqual([run.at, run.touched], [2 * SEEN, true]);
  const plain = runOf(["ce", "dice_ce"]);
  plain.run.until = 2 * SEEN;
  plain.run.play();
  await plain.rest();
  assert.deepEqual(prints(run), prints(plain.run), "the steps that were let go are learned as they were begun");
  for (const each of [run, plain.run]) each.until = 3 * SEEN;
  plain.run.set(() => ({ learningRate: 0.01 }), true);
  for (const each of [run, plain.run]) each.play();
  await Promise.all([rest(), plain.rest()]);
  assert.deepEqual(prints(run), prints(plain.run));
});

test("one step is one step, of all, with its scores", async () => {
  const { run, rest, until } = runOf(["ce", "bce"]);
  run.step();
  await until(() => run.at === 1);
  await rest();
  assert.ok([...run.seats.values()].every(({ shown }) => shown.step === 1 && shown.scores));
});

test("a mistake stops the own loss alone, keeps its place, and is mended; one that comes late catches up", async () => {
  const { run, rest, until } = runOf(["ce"]);
  run.until = SEEN;
  run.play();
  await rest();
  run.place("own", startOf("own", { settings: { formula: "x = log(y)\nx * p" } }));
  await until(() => run.seats.get("own").mistake);
  assert.equal(run.seats.get("own").mistake.line, 1);
  run.until = 2 * SEEN;
  run.play();
  await rest();
  assert.deepEqual([run.at, run.seats.get("ce").step, run.seats.get("own").step], [2 * SEEN, 2 * SEEN, 0]);
  run.place("own", startOf("own", { settings: { formula: "ce" } }));
  await until(() => run.seats.get("own").step === 2 * SEEN);
  const [ce, own] = ["ce", "own"].map((loss) => run.seats.get(loss).shown.scores);
  assert.ok(Math.abs(ce.dice - own.dice) < 1e-3, "ce written by hand learns what ce learns");
});

test("what is put away gives its workers back, and goes on from the same bits", async () => {
  const { run, rest, until, sessions } = runOf(["bce"]);
  run.until = SEEN;
  run.play();
  await rest();
  const before = prints(run);
  run.putAway();
  await until(() => sessions.size === 0);
  run.wake();
  assert.equal(sessions.size, 1);
  await until(() => run.seats.get("bce").expected === null);
  assert.deepEqual([run.at, prints(run)], [SEEN, before]);
  run.until = 2 * SEEN;
  run.play();
  await rest();
  const whole = runOf(["bce"]);
  whole.run.until = 2 * SEEN;
  whole.run.play();
  await whole.rest();
  assert.deepEqual(prints(run), prints(whole.run));
  run.end();
  assert.equal(sessions.size, 0);
});

test("a slow pace is kept by the clock", async () => {
  let now = 0;
  const waits = [];
  const clock = { now: () => now, later: (act, wait) => waits.push([act, wait]) };
  const { run, until } = runOf(["ce"], clock);
  run.pace = 2;
  run.play();
  await until(() => waits.length === 1);
  const [act, wait] = waits[0];
  assert.ok(wait > 400 && wait <= 500 && run.granted <= 1);
  now += wait;
  act();
  await until(() => run.at === run.granted && waits.length === 2);
  assert.ok(run.at >= 1 && run.at <= 2);
  run.end();
});
