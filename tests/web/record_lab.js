// Writes what the lab shows before it has a run of its own: the scores in dbce/web/lab/recorded.js, and the pictures of
// seed 0 in dbce/web/lab/recorded/PRESET.png, which are logits in a dozen levels:
// npm run record:lab -- [--seeds 1]. To be run after a change that is meant to change what is learned, or a preset.
import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { constants, deflateSync } from "node:zlib";
import { format } from "prettier";
import { FOUR, SWEEP, SWEPT } from "../../dbce/web/lab/experiment.js";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { SIZE } from "../../dbce/web/lab/problem.js";
import { EVERY, LAST } from "../../dbce/web/lab/recording.js";
import { edgesOf, GREY, IMAGES, PICTURED, placeOf } from "../../dbce/web/lab/replay.js";
import { Trainer } from "../../dbce/web/lab/trainer.js";
import { chunk, SIGNATURE } from "../../dbce/web/files/png.js";
import { kernels } from "./lab_golden.js";

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
  /** @type {{step: number, logits: Float32Array[], shift: number[]}[]} */
  const seen = [];
  /** @type {Measures[]} */
  const trained = [];
  /** @type {Measures[]} */
  const corrected = [];
  for (;;) {
    trained.push(trainer.scores(false));
    if (loss === "bce") corrected.push(trainer.scores(true));
    seen.push({
      step: trainer.step,
      logits: trainer.pictures().map(({ logits }) => logits),
      shift: trainer.shift(true),
    });
    if (trainer.step >= last) return { trained, corrected, seen };
    for (let i = 0; i < EVERY; i++) trainer.train();
  }
}

/**
 * The greys of one loss, in their places in the file of its preset.
 * @param {Uint8Array} greys
 * @param {string} loss
 * @param {{step: number, logits: Float32Array[], shift: number[]}} seen
 */
export function place(greys, loss, { step, logits, shift }) {
  const objects = shift.length;
  const edges = shift.map((s) => edgesOf(step ? loss : "ce", s));
  logits.forEach((z, image) => {
    const from = (placeOf(loss, step) * IMAGES + image) * z.length;
    z.forEach((value, at) => {
      const [k, i] = [Math.floor(at / (SIZE * SIZE)), at % (SIZE * SIZE)];
      const row = Math.floor(i / SIZE);
      const level = edges[k].filter((edge) => value > edge).length;
      greys[from + (row * objects + k) * SIZE + (i % SIZE)] = GREY * level;
    });
  });
}

/** A grey PNG, its rows as they are: levels repeat, and filters would hide that. @param {Uint8Array} greys */
export function pngOf(greys, width = SIZE) {
  const height = greys.length / width;
  const raw = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) raw.set(greys.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header[8] = 8;
  const data = deflateSync(raw, { level: 9, memLevel: 9, strategy: constants.Z_DEFAULT_STRATEGY });
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array(0))]);
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
  const folder = new URL("../../dbce/web/lab/recorded/", import.meta.url);
  await mkdir(folder, { recursive: true });
  for (let seed = 0; seed < Number(values.seeds); seed++)
    for (const preset of PRESETS) {
      const width = SIZE * preset.problem.objects.length;
      const greys = new Uint8Array((1 + FOUR.length * (PICTURED.length - 1)) * IMAGES * SIZE * width);
      for (const loss of FOUR) {
        const { trained, corrected, seen } = record({ preset, seed, loss }, LAST);
        for (const each of seen) if (PICTURED.includes(each.step)) place(greys, loss, each);
        runs.set(`${preset.id} ${seed} ${loss}`, packedRows(trained));
        if (corrected.length) runs.set(`${preset.id} ${seed} corrected`, packedRows(corrected));
      }
      if (!seed) await writeFile(new URL(`${preset.id}.png`, folder), pngOf(greys, width));
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
