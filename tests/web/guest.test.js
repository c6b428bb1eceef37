// What the browser makes of a network of the visitor's own: arithmetic by hand, and a sentence for what does not fit.
import assert from "node:assert/strict";
import test from "node:test";
import { admitted, guestFeed, layoutOf, mapsOf, stepsOf, valuesOf } from "../../dbce/web/backends/onnx/guest.js";

const SIZE = 16;
const sentences = new Proxy({}, { get: (_, key) => `${String(key)} {name}{count}{shape}{low}{high}{maps}` });
const told = { sentences, wanted: "2", normalise: { imagenet: "ImageNet", unit: "unit", none: "bytes" } };
const TASK = { size: SIZE, classes: 2, name: "polyp" };
const NOTHING = { normalise: "", channels: "", values: "" };
const image = Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, i) => (37 * i) % 256);
/** @type {any} */
const runtime = {
  Tensor: class {
    constructor(type, data, dims) {
      Object.assign(this, { type, data, dims });
    }
  },
};

/** A session that answers as a function of what it is given. */
const session = (answer, shape = [1, 3, "h", "w"], type = "float32") => ({
  inputMetadata: [{ name: "x", type, shape }],
  outputNames: ["y"],
  run: async ({ x }) => ({ y: answer(x) }),
});

/** The first plane of what was given, times a factor, in a shape. */
const first = (factor = 1, dims = [1, 1, SIZE, SIZE]) =>
  session(({ data }) => ({
    type: "float32",
    dims,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => factor * data[i % (SIZE * SIZE)]),
  }));

test("colours reach the network as was said", () => {
  const feed = (reading, shape, type) =>
    guestFeed(layoutOf(session(null, shape, type), "f", { ...NOTHING, ...reading }, told, SIZE).plan, image, SIZE);
  const plane = SIZE * SIZE;
  for (let i = 0; i < plane; i++) {
    const [r, g, b] = image.subarray(3 * i, 3 * i + 3);
    assert.ok(Math.abs(feed({})[plane + i] - (g / 255 - 0.456) / 0.224) < 1e-6);
    assert.ok(Math.abs(feed({ normalise: "unit" })[i] - r / 255) < 1e-7);
    const turned = feed({ normalise: "imagenet", channels: "BGR" });
    assert.ok(Math.abs(turned[i] - (b / 255 - 0.406) / 0.225) < 1e-6);
    const last = feed({}, [1, SIZE, SIZE, 3], "uint8");
    assert.deepEqual([...last.subarray(3 * i, 3 * i + 3)], [r, g, b]);
    if (i > 8) break;
  }
});

test("what does not fit is a sentence", async () => {
  const layouts = {
    inputs: { ...session(null), inputMetadata: [] },
    type: session(null, undefined, "int64"),
    image: session(null, [3, 8, 8]),
    colours: session(null, [1, 1, 8, 8]),
    batch: session(null, [4, 3, 8, 8]),
    square: session(null, [1, 3, 8, 16]),
  };
  for (const [key, one] of Object.entries(layouts))
    assert.throws(() => layoutOf(one, "f", NOTHING, told, SIZE), { message: new RegExp(`^${key} f`) });
  const answers = {
    maps: first(1, [1, 1, SIZE, 3, 1]),
    classes: first(1, [1, 3, SIZE, SIZE]),
    labels: session(() => ({ type: "int64", dims: [1], data: [1n] })),
    nan: session(() => ({ type: "float32", dims: [1, 1, SIZE, SIZE], data: new Float32Array(SIZE * SIZE).fill(NaN) })),
    run: session(() => {
      throw new Error("no");
    }),
  };
  for (const [key, one] of Object.entries(answers))
    await assert.rejects(admitted(runtime, one, "f", NOTHING, image, TASK, told), { message: new RegExp(`^${key} f`) });
});

test("logits are told from probabilities, and where they cannot be, it is asked", () => {
  const maps = (channels, ...values) => ({ data: new Float32Array(values), channels, side: 1 });
  const kind = (map, asked = "") => valuesOf(map, "f", asked, told, "an image")[0];
  assert.equal(kind(maps(1, -0.5)), "logits");
  assert.equal(kind(maps(2, 0.25, 0.75)), "probabilities");
  assert.equal(kind(maps(1, 0.5), "logits"), "logits");
  assert.throws(() => kind(maps(1, 0.5)), /^Error: which f/);
  assert.throws(() => kind(maps(2, 0.9, 0.9)), /^Error: which f/);
  assert.throws(() => kind(maps(1, 1.5), "probabilities"), /^Error: outside f/);
  assert.throws(() => kind(maps(2, 0.9, 0.9), "probabilities"), /^Error: sums f/);
});

test("probabilities become logits, and the answer of two maps their difference", () => {
  const plane = SIZE * SIZE;
  const filled = (...values) => Float32Array.from(values.flatMap((value) => Array(plane).fill(value)));
  const of = (data, channels, values, classes = 2) => {
    const plan = { file: "f", side: SIZE, last: false, bytes: false, bgr: false, normalise: "unit", values };
    return stepsOf({ data, channels, side: SIZE }, plan, { ...TASK, classes }, told);
  };
  assert.equal(of(filled(0.8), 1, "probabilities")[0], Math.round(1024 * Math.log(4)));
  assert.equal(of(filled(0.2, 0.8), 2, "probabilities")[0], Math.round(1024 * Math.log(4)));
  assert.equal(of(filled(1, 3.5), 2, "logits")[0], 2560);
  assert.equal(of(filled(0), 1, "probabilities")[0], -32 * 1024 + 1);
  const several = of(filled(0, 0, Math.log(2)), 3, "logits", 3);
  assert.equal(several[0], Math.round(1024 * Math.log(1 / 4)));
  assert.equal(several[2 * plane], Math.round(1024 * Math.log(1 / 2)));
  assert.throws(() => of(filled(1.5), 1, "probabilities"), /^Error: outside f/);
});

test("an answer with its classes last is turned", async () => {
  const data = Float32Array.from({ length: 2 * SIZE * SIZE }, (_, i) => i);
  const one = session(() => ({ type: "float32", dims: [1, SIZE, SIZE, 2], data }), [1, SIZE, SIZE, 3]);
  const { plan } = layoutOf(one, "f", NOTHING, told, SIZE);
  const maps = await mapsOf(runtime, one, plan, image, SIZE, told);
  assert.deepEqual([maps.channels, maps.side, maps.data[0], maps.data[1], maps.data[SIZE * SIZE]], [2, SIZE, 0, 2, 1]);
});
