// Writes lab_fingerprints.json, which Node and browsers are held to: node tests/web/write_lab_fingerprints.js
// To be run after a change that is meant to change what is learned.
import { writeFile } from "node:fs/promises";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { Trainer } from "../../dbce/web/lab/trainer.js";
import { kernels } from "./lab_golden.js";

const STEPS = 12;
const FORMULA = "dice = 2 * sum(p * y) / (sum(p) + sum(y))\n(1 - p)^1.5 * ce + exp(-d / 8) * abs(p - y) + 1 - dice";
const [needles, , , , classes] = PRESETS;
/** @type {Record<string, import("../../dbce/web/lab/trainer.js").Start>} */
const starts = Object.fromEntries(
  ["ce", "bce", "dice_ce", "dbce"].map((loss) => [`${loss}, needles`, { loss, problem: needles.problem }]),
);
starts["own, needles"] = { loss: "own", problem: needles.problem, settings: { formula: FORMULA } };
starts["dice_ce, classes"] = { loss: "dice_ce", problem: classes.problem };
starts["dbce, classes"] = { loss: "dbce", problem: classes.problem };

const runs = {};
for (const [name, more] of Object.entries(starts)) {
  const start = { ...more, seed: 3, heldOut: 4, shown: [0] };
  const trainer = new Trainer(kernels, start);
  for (let step = 0; step < STEPS; step++) trainer.train();
  runs[name] = { fingerprint: trainer.network.fingerprint(), start };
}
await writeFile(
  new URL("lab_fingerprints.json", import.meta.url),
  JSON.stringify({ steps: STEPS, runs }, null, 2) + "\n",
);
