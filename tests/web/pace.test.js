// How often the address is written, by a clock that the test moves.
import assert from "node:assert/strict";
import test from "node:test";
import { Pace } from "../../dbce/web/app/pace.js";

/**
 * A clock, a history as a browser has it, and a pace that writes into it.
 * @param {(time: number) => boolean} refuse
 */
function setting(refuse = () => false) {
  let time = 0;
  /** @type {{at: number, act: () => void}[]} */
  const timers = [];
  const writes = [];
  const entries = ["start"];
  const write = (url, push) => {
    writes.push({ time, url, push });
    if (refuse(time)) throw new DOMException("too often", "SecurityError");
    if (push) entries.push(url);
    else entries[entries.length - 1] = url;
  };
  const later = (act, wait) => timers.push({ at: time + wait, act });
  const pace = new Pace(write, { now: () => time, later });
  pace.settle("start");
  const wait = (milliseconds) => {
    const end = time + milliseconds;
    for (;;) {
      timers.sort((a, b) => a.at - b.at);
      if (!timers.length || timers[0].at > end) break;
      const { at, act } = timers.shift();
      time = Math.max(time, at);
      act();
    }
    time = end;
  };
  return { pace, writes, entries, wait };
}

/** The most writes in any 30 seconds. */
const densest = (writes) =>
  Math.max(...writes.map(({ time }) => writes.filter((w) => w.time >= time && w.time < time + 30000).length));

test("a drag of a minute at 60 frames a second is written at most every 400 ms, and ends where it ended", () => {
  const { pace, writes, entries, wait } = setting();
  for (let frame = 0; frame < 3600; frame++) {
    pace.note(`radius=${frame}`, false);
    wait(1000 / 60);
  }
  wait(1000);
  assert.deepEqual(entries, ["radius=3599"]);
  for (let i = 1; i < writes.length; i++) assert.ok(writes[i].time - writes[i - 1].time >= 400);
  assert.ok(writes.length > 100 && densest(writes) <= 75); // within a moment all the same
});

test("the first change after a rest is written at once", () => {
  const { pace, entries, wait } = setting();
  wait(5000);
  pace.note("a", false);
  wait(0);
  assert.deepEqual(entries, ["a"]);
});

test("whatever a visitor does for three minutes, Safari's 100 in 30 seconds are not reached", () => {
  const { pace, writes, entries, wait } = setting();
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let step = 0; step < 9000; step++) {
    pace.note(`${step}`, random() < 0.2); // ten tabs a second
    if (random() < 0.2) pace.flush(); // and as many ends of gestures
    wait(20);
  }
  wait(10000);
  assert.ok(densest(writes) < 100, `${densest(writes)}`);
  assert.equal(entries.at(-1), "8999");
});

test("an entry keeps what was last seen in it, and the next one begins with its own change", () => {
  const { pace, entries, wait } = setting();
  pace.note("tab=a&radius=1", false);
  wait(0);
  pace.note("tab=a&radius=47", false); // not written yet
  pace.note("tab=b&radius=47", true);
  pace.note("tab=b&radius=48", false);
  wait(1000);
  assert.deepEqual(entries, ["tab=a&radius=47", "tab=b&radius=48"]);
});

test("what is dragged back to where it was is not written", () => {
  const { pace, writes, wait } = setting();
  pace.note("a", false);
  wait(10);
  pace.note("b", false);
  pace.note("a", false);
  wait(1000);
  assert.equal(writes.length, 1);
});

test("a browser that refuses is asked again some seconds later, and nothing is thrown", () => {
  const { pace, writes, entries, wait } = setting((time) => time < 12000);
  for (let frame = 0; frame < 600; frame++) {
    pace.note(`${frame}`, frame === 300);
    wait(1000 / 60);
  }
  wait(10000);
  assert.deepEqual(entries, ["start", "599"]);
  assert.ok(writes.length < 6);
});
