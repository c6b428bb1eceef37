// Colours as the pixels of a canvas hold them: little-endian RGBA words.

/** @param {number} r @param {number} g @param {number} b @param {number} a */
export const rgba = (r, g, b, a = 255) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** @param {string} text #rrggbb */
export function hex(text) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  return rgba(r, g, b);
}

export const BLACK = rgba(8, 8, 10);
export const WHITE = rgba(242, 242, 242);
const HATCH = [rgba(92, 98, 110), rgba(138, 145, 158)]; // over ignored pixels

/** An ignored pixel. @param {number} i @param {number} size pixels a side */
export const hatched = (i, size) => HATCH[+(((i % size) + ((i / size) | 0)) % 6 < 2)];

export const GREY = Uint32Array.from({ length: 256 }, (_, i) => rgba(i, i, i));

/** @param {Uint8Array} rgb a table of 256 colours -> the same as words */
export const wordsOf = (rgb) =>
  Uint32Array.from({ length: 256 }, (_, i) => rgba(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]));

/**
 * k/256 of one colour and the rest of another.
 * @param {number} a
 * @param {number} b
 * @param {number} k
 */
export function mix(a, b, k) {
  const rb = ((a & 0xff00ff) * k + (b & 0xff00ff) * (256 - k)) / 256;
  const g = ((a & 0xff00) * k + (b & 0xff00) * (256 - k)) / 256;
  return ((255 << 24) | (rb & 0xff00ff) | (g & 0xff00)) >>> 0;
}

/** @type {Map<string, number>} by theme, palette and name: asking the style for them takes its time */
const known = new Map();

/**
 * A colour of the page's style, by its name there.
 * @param {HTMLElement} root
 * @param {string} name
 */
export function styled(root, name) {
  const key = `${root.dataset.theme} ${root.dataset.palette} ${name}`;
  if (!known.has(key)) known.set(key, hex(getComputedStyle(root).getPropertyValue(`--${name}`).trim()));
  return known.get(key);
}

/** @param {ArrayLike<number>} values none below 0 */
export function largest(values) {
  let top = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > top) top = values[i];
  return top;
}

/**
 * The same of products, each as it is kept in single precision.
 * @param {Float32Array} first
 * @param {Float32Array} second
 */
export function largestProduct(first, second) {
  let top = 0;
  for (let i = 0; i < first.length; i++) top = Math.max(top, Math.fround(first[i] * second[i]));
  return top;
}

/**
 * 256 colours from one over black, which stands for 0, to another.
 * @param {number} low
 * @param {number} high
 */
export const diverging = (low, high) =>
  Uint32Array.from({ length: 256 }, (_, k) => {
    const part = (Math.abs(k - 127.5) - 0.5) / 127;
    return mix(k < 128 ? low : high, BLACK, Math.round(256 * part ** 0.8));
  });
