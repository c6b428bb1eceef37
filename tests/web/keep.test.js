// What is kept of opened images, and what has to go; in memory, which stands for the browser's storage.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Keep, Memory, MOST_BYTES, MOST_IMAGES, sizeOf, surplus } from "../../dbce/web/app/keep.js";

const file = (size) => ({ name: "frame.png", bytes: new Uint8Array(size) });
const image = (id, size = 10) => ({ id, task: "polyp", request: { image: file(size) } });

/** With a clock that goes on by one at every look. */
const keepOf = (bounds) => {
  let time = 0;
  return new Keep(new Memory(), { now: () => ++time, ...bounds });
};
const ids = async (keep) => (await keep.list()).map(({ id }) => id).sort().join(""); // prettier-ignore

test("the size of an image is that of its files and of what was painted", () => {
  assert.equal(sizeOf({ ...image("a", 10), painted: new Uint8Array(7) }), 17);
  assert.equal(sizeOf({ id: "a", task: "polyp", request: { example: 2, mask: file(5) }, painted: null }), 5);
});

test("one image more than the bound, and the one used longest ago goes", async () => {
  const keep = keepOf({ most: 3 });
  for (const id of "abc") assert.equal(await keep.put(image(id)), true);
  await keep.get("a"); // so b is now the oldest
  await keep.put(image("d"));
  assert.equal(await ids(keep), "acd");
  assert.equal(await keep.get("b"), undefined);
});

test("the same image again takes no second place", async () => {
  const keep = keepOf({ most: 2 });
  await keep.put(image("a"));
  await keep.put(image("b"));
  await keep.put({ ...image("b", 20), painted: null });
  assert.equal(await ids(keep), "ab");
  assert.deepEqual(await keep.get("b"), { ...image("b", 20), painted: null });
});

test("a large image makes room for itself; one beyond the bound is not kept, and costs nobody's place", async () => {
  const keep = keepOf({ bytes: 100 });
  for (const id of "abc") await keep.put(image(id, 30));
  assert.equal(await keep.put(image("d", 60)), true);
  assert.equal(await ids(keep), "cd");
  assert.equal(await keep.put(image("e", 101)), false);
  assert.equal(await ids(keep), "cd");
  assert.equal(await keep.put(image("d", 101)), false); // nor what it was before
  assert.equal(await ids(keep), "c");
});

test("over random lists: what stays is within bounds, is the newest, and nothing goes without need", () => {
  let seed = 3;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 300; round++) {
    const entries = Array.from({ length: random(9) }, (_, i) => ({ id: `${i}`, used: random(1000), size: random(60) }));
    const gone = new Set(surplus(entries, 5, 100));
    const stays = entries.filter(({ id }) => !gone.has(id));
    const sum = stays.reduce((all, { size }) => all + size, 0);
    assert.ok(stays.length <= 5 && sum <= 100);
    const left = entries.filter(({ id }) => gone.has(id)).sort((a, b) => b.used - a.used);
    if (!left.length) continue;
    assert.ok(stays.every(({ used }) => used >= left[0].used));
    assert.ok(stays.length === 5 || sum + left[0].size > 100);
  }
});

test("to forget is to forget all, and says how many", async () => {
  const keep = keepOf({});
  for (const id of "abc") await keep.put(image(id));
  assert.equal(await keep.clear(), 3);
  assert.equal(await ids(keep), "");
  assert.equal(await keep.clear(), 0);
});

test("SECURITY.md states these bounds", () => {
  const text = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8");
  assert.ok(text.includes(`the last ${MOST_IMAGES}, ${MOST_BYTES / 1e6} MB in all`));
});
