// Many files, predictions and tables of them: sorted, read and written as Python does it.
import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";
import { groupsOf } from "../../dbce/web/core/groups.js";
import {
  comparisonCsv,
  comparisonLatex,
  comparisonMarkdown,
  comparisonTableCsv,
} from "../../dbce/web/files/comparison.js";
import { renameSets } from "../../dbce/web/app/plan.js";
import { planOf, setName } from "../../dbce/web/readers/intake.js";
import { decideKind, readPrediction, toGrid } from "../../dbce/web/readers/predictions.js";
import { golden, told } from "./golden_readers.js";

const unpacked = (/** @type {string} */ text) => new Uint8Array(inflateSync(Buffer.from(text, "base64")));

/**
 * @param {string[]} files
 * @param {Record<string, string>} contents by path, of those that are looked at
 */
async function sorted(files, contents = {}) {
  const looked = [];
  const contentOf = async (number) => {
    looked.push(files[number]);
    const content = /** @type {import("../../dbce/web/readers/pairs.js").Content} */ (
      contents[files[number]] ?? "other"
    );
    return { content, why: content === "other" ? `${files[number]} is damaged` : "" };
  };
  const plan = await planOf(
    files.map((path) => ({ path })),
    { contentOf },
  );
  const members = plan.members.map(({ image, mask, predictions }) => [
    files[image],
    mask === null ? null : files[mask],
    Object.fromEntries(Object.entries(predictions).map(([set, number]) => [set, files[number]])),
  ]);
  return { members, left: plan.left.map(({ why }) => why).sort(), notes: plan.notes.sort(), looked };
}

for (const { files, members, left, notes } of golden("folders"))
  test(`folders as in Python: ${files[0]}`, async () => {
    const found = await sorted(files);
    assert.deepEqual(found.members.sort(), members.sort());
    assert.deepEqual(found.left, left);
    assert.deepEqual(found.notes, notes);
    assert.deepEqual(found.looked, []); // names are enough
    const below = await sorted(files.map((path) => `set/${path}`));
    const without = JSON.parse(JSON.stringify(below.members).replaceAll("set/", ""));
    assert.deepEqual(without.sort(), members.sort());
  });

test("loose files are told by their names, and by their content where names do not tell", async () => {
  const files = ["a.jpg", "a_mask.png", "b.png", "b_segmentation.png", "b.npy", "a_mine.npy", "c.jpg", "c.png"];
  const found = await sorted(files, { "c.jpg": "photograph", "c.png": "mask" });
  assert.deepEqual(found.members.sort(), [
    ["a.jpg", "a_mask.png", { mine: "a_mine.npy" }],
    ["b.png", "b_segmentation.png", { predictions: "b.npy" }],
    ["c.jpg", "c.png", {}],
  ]);
  assert.deepEqual(found.looked.sort(), ["c.jpg", "c.png"]);
});

test("what cannot be told is left out in a sentence, and the rest goes on", async () => {
  const contents = { "a.jpg": "photograph", "a.png": "mask", "b.jpg": "photograph", "b.png": "photograph" };
  const found = await sorted(["a.jpg", "a.png", "b.jpg", "b.png", "c.jpg", "c.png"], { ...contents, "c.jpg": "grey" });
  assert.deepEqual(found.members, [["a.jpg", "a.png", {}]]);
  assert.ok(found.left.some((why) => why.startsWith("Of b.jpg and b.png neither is a mask")));
  assert.ok(found.left.includes("c.png is damaged") && found.left.includes("c.jpg: no mask of that name"));
});

test("a picture of probabilities beside image and mask is a prediction", async () => {
  const contents = { "a.jpg": "photograph", "a.png": "mask", "a.tif": "grey" };
  assert.deepEqual((await sorted(["a.jpg", "a.png", "a.tif"], contents)).members, [
    ["a.jpg", "a.png", { predictions: "a.tif" }],
  ]);
});

test("images without any mask are images, and two sets of one stem keep apart", async () => {
  assert.deepEqual((await sorted(["x/1.png", "y/1.png"])).members, [
    ["x/1.png", null, {}],
    ["y/1.png", null, {}],
  ]);
  const files = ["s/train/images/1.png", "s/train/masks/1.png", "s/test/images/1.png", "s/test/masks/1.png"];
  assert.deepEqual((await sorted(files)).members, [
    ["s/test/images/1.png", "s/test/masks/1.png", {}],
    ["s/train/images/1.png", "s/train/masks/1.png", {}],
  ]);
});

test("the name of a set can stand in tables, links and HTML", () => {
  for (const [name, shown] of [
    ["U-Net (v2)", "U-Net (v2)"],
    ["<img src=x>", "img src x"],
    ["a.b,c", "a b c"],
    ["...", "predictions"],
    ["x".repeat(60), "x".repeat(40)],
  ])
    assert.equal(setName(name), shown);
});

test("a set that is called as a network here is renamed, and that is said", () => {
  const plan = { members: [{ image: 0, mask: 1, predictions: { ce: 2, mine: 3 } }], left: [], notes: [] };
  renameSets(plan, { losses: ["ce", "mine"], own: ["mine"], titles: { ce: "CE", mine: "mine" } });
  assert.deepEqual(plan.members[0].predictions, { "ce (yours)": 2, mine: 3 });
  assert.equal(plan.notes.length, 1);
});

for (const { name, file, shape, size, values, classes, found } of golden("predictions"))
  test(`${name}, ${values}, ${classes} classes, as in Python`, async () => {
    /** @type {any} */
    const here = await told(async () => {
      const raw = await readPrediction(unpacked(file), name, classes);
      const asked = async function* () {
        yield raw;
      };
      return toGrid(raw, values === "auto" ? await decideKind(asked(), classes) : values, shape, size, classes);
    });
    if (found.error) return assert.deepEqual(here, found);
    assert.deepEqual([here.kind, here.note], [found.kind, found.note]);
    const steps = new Int16Array(unpacked(found.steps).slice().buffer);
    assert.equal(here.steps.length, steps.length);
    const off = steps.map((value, i) => Math.abs(value - here.steps[i]));
    steps.forEach((value, i) => assert.ok(off[i] <= 1, `${i}: ${value}, not ${here.steps[i]}`));
    assert.ok(steps.every((value, i) => value > 0 === here.steps[i] > 0));
  });

for (const { rows, members, groups, csv, table, markdown, latex } of golden("tables"))
  test(`tables of ${rows.length} images as in Python`, () => {
    const titles = { ce: "CE" };
    assert.equal(comparisonCsv(rows, titles), csv);
    const here = groupsOf(rows, members);
    assert.deepEqual(here.map(({ title, count, size: draws, clusters }) => ({ title, count, draws, clusters })), groups); // prettier-ignore
    assert.equal(comparisonTableCsv(here, titles), table);
    assert.equal(comparisonMarkdown(here, titles), markdown);
    assert.equal(comparisonLatex(here, titles), latex);
  });
