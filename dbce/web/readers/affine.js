// Affines of NIfTI: which way the axes of a volume run. Twin of what nibabel says of them.

/** @typedef {import("./stack.js").Affine} Affine */
/** @typedef {{axis: number, flip: 1 | -1}[]} Ways of every axis of the file: which axis of the world it runs along */

const EPS = 2 ** -52;

/** @type {(a: Affine, b: Affine) => Affine} */
export const product = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));

/** @type {(m: Affine) => number[][]} of a 3 x 3 matrix */
function inverse3(m) {
  /** @type {(i: number, j: number) => number} */
  const minor = (i, j) => {
    const [r, s] = [(i + 1) % 3, (i + 2) % 3];
    const [c, d] = [(j + 1) % 3, (j + 2) % 3];
    return m[r][c] * m[s][d] - m[r][d] * m[s][c];
  };
  const determinant = [0, 1, 2].reduce((sum, j) => sum + m[0][j] * minor(0, j), 0);
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => minor(j, i) / determinant));
}

/** @param {Affine} affine */
export function inverse(affine) {
  const back = inverse3(affine);
  const rows = back.map((row) => [...row, -row.reduce((sum, v, k) => sum + v * affine[k][3], 0)]);
  return [...rows, [0, 0, 0, 1]];
}

/**
 * Whether an affine is finite and its three axes span the space.
 * @param {Affine} affine
 */
export function isValid(affine) {
  if (!affine.flat().every((v) => Number.isFinite(v) && Math.abs(v) <= 1e6)) return false;
  const spread = spreads(affine);
  return spread[2] > 1e-6 && spread[2] > 1e-4 * spread[0];
}

/** @param {Affine} affine singular values of its first three rows and columns, the largest first */
function spreads(affine) {
  // one-sided Jacobi: columns are turned until they are at right angles
  const columns = [0, 1, 2].map((j) => [0, 1, 2].map((i) => affine[i][j]));
  /** @type {(a: number[], b: number[]) => number} */
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  for (let sweep = 0; sweep < 30; sweep++)
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      // prettier-ignore
      const [a, b] = [columns[p], columns[q]];
      const [alpha, beta, gamma] = [dot(a, a), dot(b, b), dot(a, b)];
      if (Math.abs(gamma) <= EPS * Math.sqrt(alpha * beta)) continue;
      const zeta = (beta - alpha) / (2 * gamma);
      const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const c = 1 / Math.sqrt(1 + t * t);
      columns[p] = a.map((v, i) => c * v - c * t * b[i]);
      columns[q] = a.map((v, i) => c * t * v + c * b[i]);
    }
  return columns.map((column) => Math.sqrt(dot(column, column))).sort((a, b) => b - a);
}

/**
 * nibabel's io_orientation, of an affine that `isValid`.
 * @param {Affine} affine
 * @returns {Ways}
 */
export function waysOf(affine) {
  const lengths = [0, 1, 2].map((j) => Math.hypot(affine[0][j], affine[1][j], affine[2][j]) || 1);
  let r = [0, 1, 2].map((i) => [0, 1, 2].map((j) => affine[i][j] / lengths[j]));
  for (let k = 0; k < 60; k++) {
    const back = inverse3(r);
    r = r.map((row, i) => row.map((v, j) => (v + back[j][i]) / 2)); // to the nearest rotation, by Newton's steps
  }
  const strength = [0, 1, 2].map((j) => Math.max(...r.map((row) => row[j] ** 2)));
  const order = [0, 1, 2].sort((a, b) => strength[b] - strength[a]);
  /** @type {Ways} */
  const ways = [];
  for (const j of order) {
    const column = r.map((row) => Math.abs(row[j]));
    const axis = column.indexOf(Math.max(...column));
    ways[j] = { axis, flip: r[axis][j] < 0 ? -1 : 1 };
    r[axis] = [0, 0, 0];
  }
  return ways;
}
