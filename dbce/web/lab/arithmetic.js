// exp, log and powers with the same bits in every browser: made of operations that IEEE 754 defines to the last bit.
// Twins of those in objective.c. The standard leaves Math.exp, Math.log and ** to the browser; Math.sqrt as well, but
// that is an instruction of every processor, and exact.

const LN2_HIGH = 0.69314718036912381649; // ln 2 in two parts: the first times a small whole number is exact
const LN2_LOW = 1.90821492927058770002e-10;

const number = new Float64Array(1);
const halves = new Int32Array(number.buffer); // low, high

/** @param {number} exponent from -1022 to 1023 */
function powerOfTwo(exponent) {
  halves[0] = 0;
  halves[1] = (exponent + 1023) << 20;
  return number[0];
}

/**
 * e^x; 0 below -700, infinite above 700.
 * @param {number} x
 */
export function exp(x) {
  if (!(x >= -700)) return x < -700 ? 0 : NaN;
  if (x > 700) return Infinity;
  const k = Math.round(x * 1.4426950408889634);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let [sum, term] = [1, 1];
  for (let i = 1; i < 16; i++) {
    term *= r / i;
    sum += term;
  }
  return sum * powerOfTwo(k);
}

/**
 * Natural logarithm; NaN below 0, minus infinity at 0 and below the smallest normal number.
 * @param {number} x
 */
export function log(x) {
  if (!(x >= 2.2250738585072014e-308)) return x >= 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  number[0] = x;
  let k = (halves[1] >> 20) - 1023;
  halves[1] = (halves[1] & 0xfffff) | 0x3ff00000;
  let m = number[0];
  if (m > 1.4142135623730951) {
    m /= 2;
    k += 1;
  }
  const t = (m - 1) / (m + 1);
  let [sum, term] = [0, t];
  for (let i = 1; i < 27; i += 2) {
    sum += term / i;
    term *= t * t;
  }
  return k * LN2_HIGH + (2 * sum + k * LN2_LOW);
}

/**
 * a^b: by multiplication for whole b up to 64, else e^(b ln a), NaN for negative a.
 * @param {number} a
 * @param {number} b
 */
export function pow(a, b) {
  if (!Number.isInteger(b) || Math.abs(b) > 64) return exp(b * log(a));
  let product = 1;
  for (let i = Math.abs(b); i > 0; i--) product *= a;
  return b < 0 ? 1 / product : product;
}
