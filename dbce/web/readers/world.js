// Where labels lie: on the voxels of their scan, or, by both affines, somewhere else in the same space. Twin of
// dbce/data/world.py.
import { IGNORE } from "../core/dilation.js";
import { rint } from "../core/resize.js";
import { inverse, product } from "./affine.js";
import { general, refusal, sentence } from "./refusal.js";

/** @typedef {import("./stack.js").Stack} Stack */
/** @typedef {import("./stack.js").Affine} Affine */

const TOLERANCE = 0.01; // distance in voxels below which two grids are the same
const LEAST_INSIDE = 0.5; // share of the labelled voxels that must lie within a scan of as many voxels

/** @param {Stack} stack */
const words = ({ shape }) => [...shape].reverse().join(" x ");

/** @type {(a: number[], b: number[]) => boolean} */
const same = (a, b) => a.every((value, i) => value === b[i]);

/**
 * Whether labels lie voxel on voxel; if not, they can be brought there by `placed`.
 * @param {Stack} scan
 * @param {Stack} labels
 */
export function onOneGrid(scan, labels) {
  if (!scan.affine || !labels.affine) {
    if (scan.lost !== labels.lost && (scan.affine || labels.affine)) {
      const [unknown, known] = scan.lost ? [scan, labels] : [labels, scan];
      throw refusal("one_affine", { unknown: unknown.name, known: known.name });
    }
    if (!same(scan.shape, labels.shape)) {
      const values = { labels: labels.name, label_words: words(labels), scan: scan.name, words: words(scan) };
      throw refusal("voxels", values);
    }
    return true;
  }
  if (!same(scan.shape, labels.shape)) return false;
  const step = product(inverse(scan.affine), labels.affine);
  let furthest = 0;
  for (let corner = 0; corner < 8; corner++) {
    const at = [0, 1, 2].map((k) => ((corner >> k) & 1 ? scan.shape[k] - 1 : 0));
    for (let i = 0; i < 3; i++) {
      const moved = step[i][0] * at[0] + step[i][1] * at[1] + step[i][2] * at[2] + step[i][3] - at[i];
      furthest = Math.max(furthest, Math.abs(moved));
    }
  }
  if (furthest < TOLERANCE) return true;
  const [ours, theirs] = [scan.affine, labels.affine].map((affine) =>
    [0, 1, 2].map((j) => Math.hypot(affine[0][j], affine[1][j], affine[2][j])),
  );
  if (Math.max(...theirs.map((length, i) => Math.abs(length / ours[i] - 1))) > TOLERANCE) {
    /** @param {number[]} lengths */
    const shown = (lengths) => [...lengths].reverse().map((v) => general(v, 3)).join(" x "); // prettier-ignore
    throw refusal("voxel_sizes", { labels: labels.name, scan: scan.name, theirs: shown(theirs), ours: shown(ours) });
  }
  return false;
}

/**
 * Labels on the grid of a scan: at every voxel the nearest label, `IGNORE` where there is none.
 * @param {Uint8Array} values of the labels
 * @param {Stack} labels whose affine is known
 * @param {Stack} scan whose affine is known
 * @returns {{values: Uint8Array, note: string}}
 */
export function placed(values, labels, scan) {
  const [own, theirs] = [/** @type {Affine} */ (scan.affine), /** @type {Affine} */ (labels.affine)];
  const share = shareInside(values, labels.shape, product(inverse(own), theirs), scan.shape);
  if (share === 0 || (share < LEAST_INSIDE && same(labels.shape, scan.shape)))
    throw refusal("elsewhere", { share: rint(100 * share), labels: labels.name, scan: scan.name });
  const step = tidy(product(inverse(theirs), own), scan.shape);
  const [depth, height, width] = scan.shape;
  const out = new Uint8Array(depth * height * width).fill(IGNORE);
  let held = 0;
  for (let d = 0, i = 0; d < depth; d++)
    for (let h = 0; h < height; h++)
      for (let w = 0; w < width; w++, i++) {
        let [at, inside] = [0, true];
        for (let k = 0; k < 3; k++) {
          let place = step[k][3] + step[k][0] * d + 0.5;
          if (step[k][1]) place += step[k][1] * h;
          if (step[k][2]) place += step[k][2] * w;
          place = Math.floor(place);
          inside &&= place >= 0 && place < labels.shape[k];
          at = at * labels.shape[k] + place;
        }
        if (!inside) continue;
        out[i] = values[at];
        held++;
      }
  let note = sentence("other_grid", { labels: labels.name, scan: scan.name });
  const beyond = 100 * (1 - held / out.length);
  if (held < out.length) note += sentence("beyond", { share: general(beyond, 2) });
  return { values: out, note: `${note}.` };
}

/** @type {(values: Uint8Array, own: number[], affine: Affine, shape: number[]) => number} of the labelled voxels */
function shareInside(values, [depth, height, width], affine, shape) {
  let [inside, total] = [0, 0];
  for (let d = 0, i = 0; d < depth; d++)
    for (let h = 0; h < height; h++)
      for (let w = 0; w < width; w++, i++) {
        if (!values[i] || values[i] === IGNORE) continue;
        total++;
        const at = affine.slice(0, 3).map((row) => row[0] * d + row[1] * h + row[2] * w + row[3] + 0.5);
        if (at.every((value, k) => value >= 0 && value < shape[k])) inside++;
      }
  return total ? inside / total : 1;
}

/** @type {(affine: Affine, shape: number[]) => Affine} without what rounding leaves of right angles, whole numbers */
function tidy(affine, shape) {
  const most = Math.max(...shape);
  return affine.map((row, i) =>
    row.map((value, j) => {
      if (i < 3 && j < 3 && Math.abs(value) * shape[j] < 1e-4) return 0;
      const near = rint(value * 2) / 2;
      return Math.abs(value - near) * most < 1e-4 ? near : value;
    }),
  );
}
