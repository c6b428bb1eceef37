// Distances to a class, and the areas of its dilations. Twin of dbce/dilation.py and of dbce/page/scene.py.

/** Label of pixels that do not count: in no loss, no weight, no area and no score. */
export const IGNORE = 255;

/** A distance of 255 px or more, or a class that does not occur. */
export const FAR = 255;

const NOWHERE = 1 << 20; // further than any side, and its square is still exact

/**
 * Distance in whole pixels, rounded up and capped at `FAR`, from every pixel to the nearest one of a class; rounded up,
 * `<= R` is exact for whole R.
 * @param {Uint8Array} labels one label a pixel, row by row: size * size
 * @param {number} cls the class
 * @param {number} size pixels a side
 * @returns {Uint8Array} size * size; `FAR` everywhere where the class does not occur
 */
export function distanceField(labels, cls, size) {
  const field = new Uint8Array(size * size).fill(FAR);
  if (!labels.includes(cls)) return field;
  const squared = squaredDistances(labels, cls, size, size);
  for (let i = 0; i < field.length; i++) field[i] = Math.min(FAR, Math.ceil(Math.sqrt(squared[i])));
  return field;
}

/**
 * Squared distance from every pixel to the nearest one of a class, which occurs. Exact, and linear in the number of
 * pixels (Meijster, Roerdink and Hesselink 2000).
 * @param {Uint8Array} labels row by row: width * height
 * @param {number} cls
 * @param {number} width
 * @param {number} height
 * @returns {Int32Array}
 */
export function squaredDistances(labels, cls, width, height) {
  const squared = new Int32Array(width * height);
  const column = columnDistances(labels, cls, width, height);
  const site = new Int32Array(width);
  const start = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const g = column.subarray(y * width, (y + 1) * width);
    /** @param {number} x @param {number} i */
    const cost = (x, i) => (x - i) * (x - i) + g[i] * g[i];
    let q = 0;
    site[0] = start[0] = 0;
    for (let u = 1; u < width; u++) {
      while (q >= 0 && cost(start[q], site[q]) > cost(start[q], u)) q--;
      if (q < 0) {
        q = 0;
        site[0] = u;
      } else {
        const i = site[q];
        const next = 1 + Math.floor((u * u - i * i + g[u] * g[u] - g[i] * g[i]) / (2 * (u - i)));
        if (next < width) {
          site[++q] = u;
          start[q] = next;
        }
      }
    }
    for (let x = width - 1; x >= 0; x--) {
      squared[y * width + x] = cost(x, site[q]);
      if (x === start[q]) q--;
    }
  }
  return squared;
}

/**
 * Distance within its column from every pixel to the nearest one of a class.
 * @param {Uint8Array} labels
 * @param {number} cls
 * @param {number} width
 * @param {number} height
 */
function columnDistances(labels, cls, width, height) {
  const column = new Int32Array(width * height);
  for (let x = 0; x < width; x++) {
    for (let y = 0, run = NOWHERE; y < height; y++) {
      run = labels[y * width + x] === cls ? 0 : Math.min(run + 1, NOWHERE);
      column[y * width + x] = run;
    }
    for (let y = height - 1, run = NOWHERE; y >= 0; y--) {
      run = Math.min(run + 1, column[y * width + x]);
      column[y * width + x] = run;
    }
  }
  return column;
}

/**
 * Whether the disk reaches a pixel at this distance from the class: the radius rule (Eq. 3), which stands nowhere else.
 * @param {number} distance of `distanceField`
 * @param {number} radius whole, below FAR
 */
export const within = (distance, radius) => distance <= radius;

/**
 * Area of the dilated class for every whole radius, from the field's histogram; ignored pixels apart.
 * @param {Uint8Array} field of `distanceField`
 * @param {Uint8Array} labels
 * @returns {Int32Array} entry R holds for R < FAR
 */
export function areaCurve(field, labels) {
  const counts = new Int32Array(FAR + 1);
  for (let i = 0; i < field.length; i++) if (labels[i] !== IGNORE) counts[field[i]]++;
  const areas = new Int32Array(FAR);
  for (let radius = 0, distance = 0, area = 0; radius < FAR; radius++) {
    while (distance <= FAR && within(distance, radius)) area += counts[distance++];
    areas[radius] = area;
  }
  return areas;
}

/**
 * Pixels inside with a neighbour outside, in reading order.
 * @param {(i: number) => boolean} inside
 * @param {number} size
 * @returns {number[]}
 */
export function outline(inside, size) {
  const at = [];
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i++) {
      if (!inside(i)) continue;
      const alone =
        (x && !inside(i - 1)) ||
        (x < size - 1 && !inside(i + 1)) ||
        (y && !inside(i - size)) ||
        (y < size - 1 && !inside(i + size));
      if (alone) at.push(i);
    }
  return at;
}
