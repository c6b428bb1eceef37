// What a link holds beside its fields, and what a change of task carries along.
import assert from "node:assert/strict";
import test from "node:test";
import { carryLink, newId, readLink, writeLink } from "../../dbce/web/app/link.js";
import { Fields } from "../../dbce/web/app/state.js";

const field = (name, start, high, always) => ({ name, kind: "whole", start, low: 0, high, always });
const table = (tab, losses, slices) => [
  { name: "tab", kind: "one", start: "anatomy", choices: [["anatomy", ""], [tab, ""]], always: true },
  field("slice", null, slices - 1, false),
  field("cls", null, slices ? 8 : -1, false),
  field("example", 0, 4, true),
  { name: "loss", kind: "one", start: losses[0], choices: losses.map((loss) => [loss, loss]), always: true },
  field("radius", 20, 150, true),
]; // prettier-ignore
const pictures = new Fields(/** @type {any} */ (table("compare", ["ce", "own_one"], 0)));
const scans = new Fields(/** @type {any} */ (table("organs", ["ce", "bce"], 64)));
const anywhere = (text) => text === "2.000_-0.500_0.000";

test("an opened image stands in a link by its name, with the slice of its scan, and is read again", () => {
  const id = newId();
  for (const slice of [null, 0, 63, 700]) {
    const state = { ...scans.start(), example: null, own: id, slice, radius: 47 };
    const link = writeLink(scans, state, "2.000_-0.500_0.000");
    const { found, unknown, own } = readLink(scans, `#${link}`, anywhere);
    assert.deepEqual(own, { id, slice });
    assert.deepEqual(found, { tab: "anatomy", loss: "ce", radius: 47 });
    assert.deepEqual(unknown, []);
  }
});

test("a mask on an example names both", () => {
  const state = { ...pictures.start(), example: 3, own: "abcdefghij" };
  const { found, own } = readLink(pictures, writeLink(pictures, state), anywhere);
  assert.deepEqual([found.example, own], [3, { id: "abcdefghij", slice: null }]);
});

test("names of images differ, and tell nothing", () => {
  const ids = new Set(Array.from({ length: 1000 }, newId));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[a-z0-9]{10}$/);
});

for (const bad of ["own=", "own=ABCDEFGHIJ", "own=abc", "own=abcdefghij.", "own=abcdefghij.-1", "own=abcdefghij.12345"])
  test(`${bad} is not understood`, () => {
    const { unknown, own } = readLink(pictures, bad, anywhere);
    assert.deepEqual([unknown, own], [["own"], null]);
  });

test("a view that is none, and a task that is none, are named", () => {
  assert.deepEqual(readLink(pictures, "view=1&from=../x", anywhere).unknown, ["view", "from"]);
});

test("a change of task carries what holds there, and says nothing of the rest", () => {
  const state = { ...pictures.start(), tab: "compare", example: 3, own: "abcdefghij", loss: "own_one", radius: 47 };
  const link = carryLink(pictures, state, "polyp");
  const { found, unknown, own } = readLink(scans, link, anywhere);
  assert.deepEqual(found, { tab: "organs", radius: 47 }); // the tab of the networks, whatever it is called there
  assert.deepEqual([unknown, own], [[], null]);
  const back = readLink(
    pictures,
    carryLink(scans, { ...scans.start(), ...found, slice: 9, cls: 3 }, "organs"),
    anywhere,
  );
  assert.deepEqual(back.found, { tab: "compare", loss: "ce", radius: 47 });
});

test("the same fields in a link that somebody wrote are named", () => {
  assert.deepEqual(readLink(scans, "tab=compare&loss=own_one", anywhere).unknown, ["tab", "loss"]);
});

test("where all is as it starts, nothing is carried", () => {
  assert.equal(carryLink(scans, { ...scans.start(), example: 2, slice: 9, cls: 3, own: null }, "organs"), "");
});
