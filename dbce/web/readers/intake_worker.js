// Sorts many files, reads predictions, and computes means with their intervals, beside the page: a worker.
import { IGNORE } from "../core/dilation.js";
import { groupsOf } from "../core/groups.js";
import { labelMap } from "../core/logits.js";
import { contentOf } from "./pairs.js";
import { planOf } from "./intake.js";
import { checkBytes, readPicture } from "./pictures.js";
import { decideKind, readPrediction, toGrid } from "./predictions.js";
import { InputError, plainName } from "./refusal.js";

/** @param {File} file */
async function received(file) {
  const name = plainName(file.name);
  const read = { name, data: new Uint8Array(await file.arrayBuffer()) };
  checkBytes(read.data, name);
  return read;
}

/**
 * @param {{files: {path: string, role?: any, file: File}[], classes: number, scan: boolean}} asked
 * @returns {Promise<import("./intake.js").Plan>}
 */
function sort({ files, classes, scan }) {
  const look = async (/** @type {number} */ number) => {
    try {
      const file = await received(files[number].file);
      const content = await contentOf(file, { classes, scan });
      if (content === "other") await readPicture(file.data, file.name);
      return { content, why: "" };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { content: /** @type {const} */ ("other"), why: error.message };
    }
  };
  return planOf(files, { scan, contentOf: look });
}

/** What the values of a set are. @param {{files: File[], classes: number}} asked */
async function kind({ files, classes }) {
  async function* raws() {
    for (const file of files)
      try {
        const { name, data } = await received(file);
        yield await readPrediction(data, name, classes);
      } catch (error) {
        if (!(error instanceof InputError)) throw error; // else it is told when its image is opened
      }
  }
  return decideKind(raws(), classes);
}

/**
 * A prediction as a scene holds what a network says.
 * @param {{file: File, kind: any, shape: [number, number], size: number, classes: number, labels?: Uint8Array}} asked
 * @returns {Promise<{arrays: Record<string, Uint8Array | Int16Array>, note: string}>} arrays by what they are
 */
async function read({ file, kind, shape, size, classes, labels }) {
  const { name, data } = await received(file);
  const { steps, note } = toGrid(await readPrediction(data, name, classes), kind, shape, size, classes);
  if (classes === 2) return { arrays: { logit: steps }, note };
  const found = labelMap(steps, classes);
  if (!labels) return { arrays: { found }, note };
  const entropy = Int16Array.from(labels, (own, i) => (own === IGNORE ? 0 : -steps[own * labels.length + i]));
  return { arrays: { found, entropy }, note };
}

/** @param {{rows: import("../core/groups.js").Row[], members: unknown[]}} asked */
const means = async ({ rows, members }) => groupsOf(rows, members);

/** @type {Record<string, (asked: any) => Promise<any>>} */
const ANSWERS = { sort, kind, read, means };

self.addEventListener("message", async ({ data: { id, name, asked } }) => {
  try {
    self.postMessage({ id, answer: await ANSWERS[name](asked) });
  } catch (error) {
    const told = error instanceof InputError;
    self.postMessage({ id, [told ? "refused" : "fault"]: error instanceof Error ? error.message : String(error) });
  }
});
