// The pictures of runs that were recorded, seed 0 of every preset: fetched when they are to be shown.
import { FOUR, presetOf } from "./experiment.js";
import { priorShift } from "./losses.js";
import { drawHeldOut, frequencies, SIZE } from "./problem.js";
import { pushOf } from "./push.js";
import { decodePng } from "../readers/png.js";

/** Steps of which there are pictures: fewer where less happens. */
export const PICTURED = [0, 20, 40, 60, 80, 120, 180, 240];

/** Held-out images of which there are pictures, and the grey of one level in their file. */
export const [IMAGES, GREY] = [3, 16];

const COUNT = SIZE * SIZE;
const EDGES = [-4.5, -3, -2, -1, 0, 1, 2, 3, 4.5];
const NEAR = [-1, 0, 1]; // and where prior correction takes the threshold to

/**
 * Between which logits there is another level: 0 is among them, and so is what prior correction takes off, so that the
 * levels tell what is marked before it and after.
 * @param {string} loss
 * @param {number} shift as of `priorShift`
 */
export function edgesOf(loss, shift) {
  if (loss !== "bce") return EDGES;
  const near = NEAR.map((by) => shift + by);
  const rest = EDGES.filter((edge) => !edge || near.every((other) => Math.abs(edge - other) >= 0.9));
  return [...rest, ...near.filter((edge) => Math.abs(edge) >= 0.4)].sort((a, b) => a - b);
}

/** @param {number[]} edges @returns {number[]} the logit that stands for each level */
export const valuesOf = (edges) =>
  [-1, ...edges.keys()].map((k) => {
    if (k < 0) return edges[0] - 1;
    return k + 1 < edges.length ? (edges[k] + edges[k + 1]) / 2 : edges[k] + 1;
  });

/** Where the pictures of a loss at a step begin in their file; at step 0 all losses have the same. */
export const placeOf = (/** @type {string} */ loss, /** @type {number} */ step) =>
  step ? FOUR.indexOf(loss) * (PICTURED.length - 1) + PICTURED.indexOf(step) : 0;

/** Pictures of one preset, seed 0. */
export class Recorded {
  /**
   * @param {string} preset
   * @param {ArrayLike<number>} greys of its file, [place][image][row][object][column]
   */
  constructor(preset, greys) {
    const { problem, radius } = presetOf(preset);
    this.greys = greys;
    this.radius = radius;
    this.objects = problem.objects.length;
    this.frequencies = frequencies(problem);
    this.labels = drawHeldOut(problem, IMAGES).map(({ labels }) => labels);
  }

  /**
   * @param {string} loss one of FOUR
   * @param {number} step one of PICTURED
   * @returns {{step: number, pictures: import("./trainer.js").Picture[], shift: number[]}}
   */
  at(loss, step) {
    const { objects, labels, frequencies: of, radius } = this;
    const shift = priorShift(of);
    const tables = shift.map((s) => valuesOf(edgesOf(step ? loss : "ce", s)));
    const width = objects * SIZE;
    const pictures = labels.map((truth, image) => {
      const from = (placeOf(loss, step) * IMAGES + image) * COUNT * objects;
      const logits = new Float32Array(COUNT * objects);
      for (let i = 0; i < logits.length; i++) {
        const [row, k] = [Math.floor(i / width), Math.floor((i % width) / SIZE)];
        logits[k * COUNT + row * SIZE + (i % SIZE)] = tables[k][this.greys[from + i] / GREY];
      }
      /** @type {Float32Array | null} */
      let push = null;
      return {
        logits,
        /** Made when it is asked for: of three images one is shown. */
        get push() {
          return (push ??= pushOf(loss, logits, truth, of, radius));
        },
      };
    });
    return { step, pictures, shift };
  }
}

/**
 * @param {string} preset
 * @returns {Promise<Recorded>}
 */
export async function loadPictures(preset) {
  const answer = await fetch(new URL(`recorded/${preset}.png`, import.meta.url));
  if (!answer.ok) throw new Error(`The pictures of the recorded run could not be loaded (${answer.status}).`);
  const { data } = await decodePng(new Uint8Array(await answer.arrayBuffer()), preset);
  return new Recorded(preset, data);
}
