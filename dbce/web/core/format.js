// Numbers in words.

const SUPERSCRIPT = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";

/** @param {number} n a whole exponent */
export const power = (n) => "10" + [...String(n)].map((c) => SUPERSCRIPT[+c] ?? "\u207b").join("");

/**
 * A number with three significant digits, with a true minus and a readable power of ten.
 * @param {number} v
 */
export function digits(v) {
  if (v === 0) return "0";
  if (Math.abs(v) >= 1e-3 && Math.abs(v) < 1e4) return String(+v.toPrecision(3)).replace("-", "\u2212");
  const [mantissa, exponent] = v.toExponential(2).split("e");
  return `${+mantissa}\u00b7${power(+exponent)}`.replace("-", "\u2212");
}

/** @param {number} n a count, its thousands set apart by thin spaces */
export const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u2009");

/** @param {number} v a share -> its percent, with one decimal */
export const percent = (v) => (100 * v).toFixed(1);
