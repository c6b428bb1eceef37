import assert from "node:assert/strict";
import test from "node:test";
import { addNetworks, enlist } from "../../dbce/web/app/networks.js";

/** As much of a page as lists need: two networks, and lines for four. */
function page() {
  const lines = [["#111111", ""], ["#222222", "7 4"], ["#333333", ""], ["#333333", "2 3"]]; // prettier-ignore
  const choices = () => [["ce", "CE"], ["dbce", "Dilated"]]; // prettier-ignore
  const table = new Map([
    ["loss", { name: "loss", kind: "one", start: "ce", choices: choices() }],
    ["shown", { name: "shown", kind: "many", start: ["ce", "dbce"], choices: choices() }],
  ]);
  const config = { losses: ["ce", "dbce"], titles: {}, short: {}, all_lines: lines, flat: "no probabilities" };
  config.lines = { ce: lines[0], dbce: lines[1] };
  return /** @type {any} */ ({ config, fields: { table }, state: { shown: ["ce"] }, $$: () => [] });
}

test("whatever joins has a line that nothing else has, for as long as there is one", () => {
  const viewer = page();
  const { config } = viewer;
  assert.deepEqual(enlist(viewer, ["network"]), ["network"]);
  addNetworks(viewer, ["set", "network"], ["set"]);
  assert.deepEqual(config.losses, ["ce", "dbce", "network", "set"]);
  assert.deepEqual([config.own, config.remarks], [["set"], { set: "no probabilities" }]);
  assert.equal(new Set(config.losses.map((name) => String(config.lines[name]))).size, 4);
  enlist(viewer, ["more"]);
  assert.ok(config.all_lines.includes(config.lines.more)); // again from the first
});

test("what joins can be chosen, is shown, and joins once", () => {
  const viewer = page();
  enlist(viewer, ["mine", "theirs"]);
  assert.deepEqual(enlist(viewer, ["mine"]), []);
  const { table } = viewer.fields;
  for (const name of ["loss", "shown"]) assert.deepEqual(table.get(name).choices.slice(2).map(([key]) => key), ["mine", "theirs"]); // prettier-ignore
  assert.deepEqual(table.get("shown").start, ["ce", "dbce", "mine", "theirs"]);
  assert.deepEqual(viewer.state.shown, ["ce", "mine", "theirs"]);
  assert.equal(viewer.config.titles.mine, "mine");
});
