// What Python gives, from tests/golden, which `python -m tests.write_golden` writes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { studyOf } from "../../dbce/web/core/label_study.js";

const FOLDER = new URL("../golden/", import.meta.url);
const TYPES = { uint8: Uint8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array };

/** An object with one entry named after a type is an array: its bytes, deflated, in base64. */
function revive(_, value) {
  const names = value && typeof value === "object" ? Object.keys(value) : [];
  if (names.length !== 1 || !(names[0] in TYPES)) return value;
  return new TYPES[names[0]](new Uint8Array(inflateSync(Buffer.from(value[names[0]], "base64"))).buffer);
}

/** @param {string} name of a file below tests/golden */
export const golden = (name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"), revive);

/** Names of the weightings that have a file. */
export const weightingFiles = () => readdirSync(new URL("weights/", FOLDER)).map((name) => name.replace(".json", ""));

export const CONSTANTS = golden("constants.json");
export const IMAGES = golden("images.json");
export const LABELLED = Object.keys(IMAGES).filter((name) => IMAGES[name].arrays.labels);

/** The study of an image of images.json. */
export function studyNamed(name) {
  const { size, classes, losses, frequencies, arrays } = IMAGES[name];
  const scene = { size, classes, losses, logit_step: CONSTANTS.logit_step, place: null };
  return studyOf(/** @type {any} */ (scene), { ...arrays }, frequencies);
}

/**
 * Arrays that are equal to the last bit; typed arrays of 100 000 entries are slow to compare one by one.
 * @param {ArrayBufferView & ArrayLike<number>} got
 * @param {ArrayBufferView & ArrayLike<number>} expected
 * @param {string} [what]
 */
export function same(got, expected, what = "") {
  assert.equal(got.constructor, expected.constructor, what);
  assert.equal(got.length, expected.length, what);
  const [a, b] = [got, expected].map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  if (a.equals(b)) return;
  const at = Array.from(got).findIndex((value, i) => value !== expected[i]);
  assert.equal(got[at], expected[at], `${what}, entry ${at}`);
}

/**
 * Numbers, in objects and arrays or not, that differ by no more than a share of the expected one (or by it, if small).
 * @param {any} got
 * @param {any} expected
 * @param {number} within
 * @param {string} [what]
 */
export function near(got, expected, within = 1e-6, what = "") {
  if (ArrayBuffer.isView(expected)) {
    assert.equal(got.length, /** @type {any} */ (expected).length, what);
    const at = got.findIndex(
      (value, i) => !(Math.abs(value - expected[i]) <= within * Math.max(1, Math.abs(expected[i]))),
    );
    assert.equal(at, -1, `${what}, entry ${at}: ${got[at]} is not ${expected[at]}`);
  } else if (typeof expected === "number") {
    assert.equal(typeof got, "number", what);
    const apart = Math.abs(got - expected);
    assert.ok(apart <= within * Math.max(1, Math.abs(expected)), `${what}: ${got} is not ${expected}`);
  } else if (expected === null) {
    assert.equal(got, null, what);
  } else {
    assert.deepEqual(Object.keys(got), Object.keys(expected), what);
    for (const key of Object.keys(expected)) near(got[key], expected[key], within, `${what}, ${key}`);
  }
}

/** Whole numbers below n, the same ones in every run (a linear congruential generator). */
export function random(seed) {
  let state = seed;
  return (/** @type {number} */ n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Distance in whole pixels, rounded up, capped at FAR, by comparing every pixel with every other. */
export function slowDistance(labels, cls, size) {
  return Uint8Array.from(labels, (_, i) => {
    let least = Infinity;
    for (let j = 0; j < labels.length; j++)
      if (labels[j] === cls)
        least = Math.min(least, ((i % size) - (j % size)) ** 2 + (Math.floor(i / size) - Math.floor(j / size)) ** 2);
    return Math.min(255, Math.ceil(Math.sqrt(least)));
  });
}

/** Pixels of every object by joining neighbours of one label until nothing changes. */
function objectsOf(labels, size) {
  const number = Int32Array.from(labels, (label, i) => (label && label !== IGNORE ? i + 1 : 0));
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 0; i < number.length; i++)
      for (let k = 0; k < number.length; k++)
        if (number[i] && labels[i] === labels[k] && number[k] > number[i] && distance(i, k, size) < 1.5) {
          number[k] = number[i];
          changed = true;
        }
  }
  return [...new Set(number)].filter(Boolean).map((n) => [...number.keys()].filter((i) => number[i] === n));
}

const distance = (i, k, size) => Math.hypot((i % size) - (k % size), Math.floor(i / size) - Math.floor(k / size));

/** Distances to the two nearest borders by comparing every pixel with every border pixel. */
export function slowBorders(labels, size) {
  const borders = objectsOf(labels, size).map((pixels) =>
    pixels.filter((i) => labels.some((_, k) => distance(i, k, size) === 1 && !pixels.includes(k))),
  );
  return Array.from(labels, (_, i) => {
    const all = borders.map((border) => Math.min(Infinity, ...border.map((k) => distance(i, k, size))));
    return [...all, Infinity, Infinity].sort((a, b) => a - b).slice(0, 2);
  });
}
