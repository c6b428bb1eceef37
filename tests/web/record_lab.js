// Writes dbce/web/lab/recorded.js, the runs that the lab shows faintly before it has one of its own:
// npm run record:lab -- [--seeds 1]. To be run after a change that is meant to change what is learned, or a preset.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { FOUR, SWEEP, SWEPT } from "../../dbce/web/lab/experiment.js";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { Trainer } from "../../dbce/web/lab/trainer.js";
import { kernels } from "./lab_golden.js";

export const EVERY = 20; // steps between two scores
export const LAST = 240;
export const SWEEP_LAST = 120;
const NAMES = /** @type {const} */ (["dice", "precision", "recall", "calibration"]);

/** @typedef {import("../../dbce/web/lab/measure.js").Measures} Measures */

/** Thousandths, two letters each. @param {number[]} values */
const packed = (values) =>
  values
    .map((value) =>
      Math.round(1000 * value)
        .toString(36)
        .padStart(2, "0"),
    )
    .join("");

/** @param {Measures[]} rows all of one measure, then all of the next */
const packedRows = (rows) => NAMES.map((name) => packed(rows.map((row) => row[name]))).join("");

/**
 * One network as the lab itself trains it, scored from step 0 on.
 * @param {{preset: import("../../dbce/web/lab/presets.js").Preset, seed: number, loss: string, radius?: number}} of
 * @param {number} last step
 */
export function record({ preset, seed, loss, radius = preset.radius }, last) {
  const trainer = new Trainer(kernels, { loss, problem: preset.problem, seed, settings: { radius } });
  /** @type {Measures[]} */
  const trained = [];
  /** @type {Measures[]} */
  const corrected = [];
  for (;;) {
    trained.push(trainer.scores(false));
    if (loss === "bce") corrected.push(trainer.scores(true));
    if (trainer.step >= last) return { trained, corrected };
    for (let i = 0; i < EVERY; i++) trainer.train();
  }
}

/** @param {Map<string, string>} runs @param {Map<string, string>} sweep */
const moduleOf = (runs, sweep) => {
  const table = (/** @type {Map<string, string>} */ of) =>
    [...of].map((pair) => `  ${JSON.stringify(pair)},`).join("\n");
  return `// Written by \`npm run record:lab\`, read by recording.js: scores every ${EVERY} steps from 0 on.

/** Preset, seed, loss -> Dice, precision, recall, calibration. */
export const RUNS = new Map([
${table(runs)}
]);

/** Radius -> Dice. */
export const RADII = new Map([
${table(sweep)}
]);
`;
};

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({ options: { seeds: { type: "string", default: "1" } } });
  const runs = new Map();
  const sweep = new Map();
  for (let seed = 0; seed < Number(values.seeds); seed++)
    for (const preset of PRESETS) {
      for (const loss of FOUR) {
        const { trained, corrected } = record({ preset, seed, loss }, LAST);
        runs.set(`${preset.id} ${seed} ${loss}`, packedRows(trained));
        if (corrected.length) runs.set(`${preset.id} ${seed} corrected`, packedRows(corrected));
      }
      console.log(preset.id, seed);
    }
  const swept = PRESETS.find(({ id }) => id === SWEPT);
  for (const radius of SWEEP) {
    const { trained } = record({ preset: swept, seed: 0, loss: "dbce", radius }, SWEEP_LAST);
    sweep.set(String(radius), packed(trained.map(({ dice }) => dice)));
  }
  const file = new URL("../../dbce/web/lab/recorded.js", import.meta.url);
  await writeFile(
    file,
    await format(moduleOf(runs, sweep), { parser: "babel", printWidth: 120, trailingComma: "all" }),
  );
}
