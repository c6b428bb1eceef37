// What the live lab shows, measured: steps a second, and from which step each of its lessons stands.
// A lesson stands from the first score at which it holds, if it holds at all later ones too.
// npm run bench:lab -- [--record FILE] [--presets needles,faint] [--seeds 5] [--steps 240]
import { appendFile, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { Trainer } from "../../dbce/web/lab/trainer.js";

const EVERY = 20; // steps between two scores
const HELD_OUT = 32;
const LOSSES = ["ce", "bce", "dice_ce", "dbce"];
const RADII = [0, 2, 5, 10, 20, 40];
const SWEPT = "needles"; // whose radius is swept
const LEVEL = 2; // points of Dice that count as level

const { values: options } = parseArgs({
  options: {
    record: { type: "string" }, // finished runs, a line of JSON each: read if there, so that a killed bench goes on
    presets: { type: "string", default: PRESETS.map(({ id }) => id).join(",") },
    seeds: { type: "string", default: "5" },
    steps: { type: "string", default: "240" },
  },
});
const steps = Number(options.steps);
const seeds = [...Array(Number(options.seeds)).keys()];
const presets = options.presets.split(",").map((id) => PRESETS.find((preset) => preset.id === id));
if (presets.includes(undefined)) throw new RangeError(`no such preset; there are ${PRESETS.map(({ id }) => id)}`);

const file = new URL("../../dbce/web/lab/kernels.wasm", import.meta.url);
const kernels = await WebAssembly.compile(await readFile(file));
const keyOf = ({ preset, seed, loss, radius }) => [preset, seed, loss, radius].join(" ");
const runs = new Map();
if (options.record)
  for (const line of (await readFile(options.record, "utf8").catch(() => "")).split("\n").filter(Boolean)) {
    const run = JSON.parse(line);
    runs.set(keyOf(run), run);
  }

/** One network, scored each EVERY steps: rows of Dice, precision, recall, calibration, and Dice after correction. */
async function run(preset, seed, loss, radius) {
  const key = { preset: preset.id, seed, loss, radius };
  if (runs.get(keyOf(key))?.rows.length >= steps / EVERY) return;
  const trainer = new Trainer(kernels, {
    loss,
    problem: preset.problem,
    seed,
    settings: { radius },
    heldOut: HELD_OUT,
  });
  const rows = [];
  let milliseconds = 0;
  for (let step = 1; step <= steps; step++) {
    const before = process.cpuUsage();
    trainer.train();
    const { user, system } = process.cpuUsage(before);
    milliseconds += (user + system) / 1000;
    if (step % EVERY) continue;
    const { dice, precision, recall, calibration } = trainer.scores(false);
    const corrected = loss === "bce" ? trainer.scores(true).dice : null;
    rows.push([dice, precision, recall, calibration, corrected].map((v) => v && Number((100 * v).toFixed(2))));
  }
  const result = { ...key, millisecondsAStep: milliseconds / steps, fingerprint: trainer.network.fingerprint(), rows };
  runs.set(keyOf(key), result);
  if (options.record) await appendFile(options.record, JSON.stringify(result) + "\n");
}

for (const seed of seeds)
  for (const preset of presets) {
    for (const loss of LOSSES) await run(preset, seed, loss, preset.radius);
    if (preset.id === SWEPT) for (const radius of RADII) await run(preset, seed, "dbce", radius);
  }

/** First scored step from which something holds at every later one; "no" if it does not at the last. */
function since(holds) {
  let first = steps / EVERY;
  while (first > 0 && holds(first - 1)) first--;
  return first === steps / EVERY ? "no" : String((first + 1) * EVERY);
}

const [DICE, PRECISION, RECALL, , CORRECTED] = [0, 1, 2, 3, 4];
const others = LOSSES.filter((loss) => loss !== "bce");
const LESSONS = {
  "balanced CE has the top recall": (at) => others.every((loss) => at("bce", RECALL) > at(loss, RECALL)),
  "... and the lowest precision": (at) => others.every((loss) => at("bce", PRECISION) < at(loss, PRECISION)),
  "... and the lowest Dice": (at) => others.every((loss) => at("bce", DICE) < at(loss, DICE)),
  "prior correction raises its Dice": (at) => at("bce", CORRECTED) > at("bce", DICE),
  [`DBCE is at most ${LEVEL} points of Dice below the best other`]: (at) =>
    ["ce", "dice_ce"].every((loss) => at("dbce", DICE) >= at(loss, DICE) - LEVEL),
};

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n") + "\n";
const rowsOf = (preset, seed, loss, radius = preset.radius) =>
  runs.get(keyOf({ preset: preset.id, seed, loss, radius })).rows;
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const columns = seeds.map((seed) => `seed ${seed}`);

const all = [...runs.values()].filter(
  ({ seed, preset }) => seeds.includes(seed) && presets.some(({ id }) => id === preset),
);
console.log(`\n${all.length} runs; images ${HELD_OUT} held out, averaged weights, scored every ${EVERY} steps.`);
for (const loss of LOSSES) {
  const time = median(all.filter((run) => run.loss === loss).map((run) => run.millisecondsAStep));
  console.log(
    `${loss.padEnd(8)} ${time.toFixed(1)} ms a step (median over runs), ${(1000 / time).toFixed(1)} steps a second of one core`,
  );
}
for (const preset of presets) {
  console.log(`\n## ${preset.title}, R = ${preset.radius}: the step from which each lesson stands up to ${steps}\n`);
  const lessons = Object.entries(LESSONS).map(([name, holds]) => [
    name,
    ...seeds.map((seed) => since((i) => holds((loss, column) => rowsOf(preset, seed, loss)[i][column]))),
  ]);
  console.log(table(["lesson", ...columns], lessons));
  const shown = [60, 120, 240].filter((step) => step <= steps).map((step) => step / EVERY - 1);
  const cells = (of) => seeds.map((seed) => shown.map((i) => of(seed)[i].toFixed(0)).join("/"));
  const dice = (loss, column = DICE) => cells((seed) => rowsOf(preset, seed, loss).map((row) => row[column]));
  const named = [...LOSSES.map((loss) => [loss, ...dice(loss)]), ["bce, corrected", ...dice("bce", CORRECTED)]];
  console.log(table([`Dice at ${shown.map((i) => (i + 1) * EVERY).join("/")}`, ...columns], named));
  if (preset.id !== SWEPT) continue;
  const swept = (seed, i) => RADII.map((radius) => rowsOf(preset, seed, "dbce", radius)[i][DICE]);
  const between = (i, seed) => {
    const values = swept(seed, i);
    return Math.max(...values.slice(1, -1)) > Math.max(values[0], values[values.length - 1]) + 1;
  };
  const line = [
    "R = 0 and the largest are more than a point of Dice below the best between",
    ...seeds.map((seed) => since((i) => between(i, seed))),
  ];
  const sweep = RADII.map((radius) => [
    `R = ${radius}`,
    ...cells((seed) => rowsOf(preset, seed, "dbce", radius).map(([d]) => d)),
  ]);
  console.log(table(["radius in miniature", ...columns], [line, ...sweep]));
}
