import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { download } from "../../dbce/web/backends/onnx/download.js";
import { Engine } from "../../dbce/web/backends/onnx/engine.js";

const QUARTER = 8;
const TASK = { size: 40, classes: 2 };
const IMAGE = new Uint8Array(40 * 40 * 3).fill(90);

/**
 * A runtime whose networks say everywhere what their first byte is.
 * @param {number} off added to it
 */
function runtime(off = 0) {
  const made = [];
  return {
    made,
    Tensor: class {},
    InferenceSession: {
      create: async (/** @type {Uint8Array} */ model, /** @type {object} */ options) => {
        made.push(options);
        const data = new Float32Array(2 * QUARTER * QUARTER).fill(model[0] + off, QUARTER * QUARTER);
        return {
          inputMetadata: [{ shape: [1, 3, 4 * QUARTER, 4 * QUARTER] }],
          run: async () => ({ logits: { data, dims: [1, 2, QUARTER, QUARTER] } }),
        };
      },
    },
  };
}

/** @param {AsyncIterable<{loss: string, steps: Int16Array}>} answers */
async function collected(answers) {
  /** @type {Record<string, number>} */
  const found = {};
  for await (const { loss, steps } of answers) {
    assert.equal(steps.length, 1600);
    assert.ok(steps.every((step) => step === steps[0]));
    found[loss] = steps[0] / 1024;
  }
  return found;
}

test("every network is fetched once, said how far, and run for every image", async () => {
  /** @type {string[]} */
  const asked = [];
  /** @type {[string, number, number][]} */
  const told = [];
  const get = async (/** @type {string} */ url) => {
    asked.push(url);
    return new Response(Uint8Array.of(url === "a" ? 3 : 5, 0, 0));
  };
  const sure = { runtime: runtime(), providers: ["wasm"] };
  const networks = { ce: { url: "a", bytes: 3 }, dbce: { url: "b", bytes: 3 } };
  const engine = new Engine(networks, TASK, sure, null, (...all) => told.push(all), /** @type {any} */ (get));
  assert.deepEqual(await collected(engine.all(IMAGE)), { ce: 3, dbce: 5 });
  assert.deepEqual(await collected(engine.all(IMAGE)), { ce: 3, dbce: 5 });
  assert.deepEqual(asked, ["a", "b"]);
  assert.deepEqual(told, [["ce", 3, 3], ["dbce", 3, 3]]); // prettier-ignore
  assert.equal(sure.runtime.made.length, 2);
});

test("an image that nobody waits for any more ends before the next network", async () => {
  const engine = new Engine({ ce: { data: Uint8Array.of(1) }, bce: { data: Uint8Array.of(2) } }, TASK, {
    runtime: runtime(),
    providers: ["wasm"],
  });
  let left = 1;
  assert.deepEqual(await collected(engine.all(IMAGE, () => left-- > 0)), { ce: 1 });
});

test("a quicker way is taken where it is within a step, and never again where it is not", async () => {
  for (const [off, taken] of [
    [0.0009, true],
    [0.01, false],
  ]) {
    // prettier-ignore
    const [sure, quick] = [runtime(), runtime(/** @type {number} */ (off))];
    const ways = [
      { runtime: sure, providers: ["wasm"] },
      { runtime: quick, providers: ["webgpu"] },
    ];
    const engine = new Engine({ ce: { data: Uint8Array.of(4) } }, TASK, ways[0], ways[1]);
    assert.equal((await collected(engine.all(IMAGE))).ce, 4); // the first image has the sure numbers
    assert.equal((await collected(engine.all(IMAGE))).ce, taken ? 4 + 1 / 1024 : 4);
    assert.equal(Boolean(engine.quick), taken);
  }
});

test("what came incomplete or not at all is an error, and is asked for again", async () => {
  let answer = new Response(Uint8Array.of(1, 2));
  const get = /** @type {any} */ (async () => answer);
  await assert.rejects(
    download(get, { url: "n.onnx", bytes: 3 }, () => {}),
    /n\.onnx came incomplete: 2 of 3 bytes/,
  );
  answer = new Response("", { status: 404 });
  const engine = new Engine(
    { ce: { url: "n.onnx" } },
    TASK,
    { runtime: runtime(), providers: ["wasm"] },
    null,
    () => {},
    get,
  );
  await assert.rejects(collected(engine.all(IMAGE)), /n\.onnx could not be loaded \(404\)/);
  answer = new Response(Uint8Array.of(7));
  assert.deepEqual(await collected(engine.all(IMAGE)), { ce: 7 });
});

test("a packed file is unpacked, also by a host that did so on the way, and is not taken cut short", async () => {
  const file = Uint8Array.from({ length: 5000 }, (_, i) => i % 7);
  const packed = new Uint8Array(gzipSync(file));
  const source = { url: "n.onnx.gz", bytes: packed.length, size: file.length };
  for (const sent of [packed, file]) {
    /** @type {number[]} */
    const told = [];
    const get = async () => new Response(/** @type {BodyInit} */ (sent));
    const found = await download(get, source, (bytes, of) => told.push(bytes / of));
    assert.deepEqual(found, file);
    assert.ok(told.length && told.at(-1) === 1 && told.every((share) => share <= 1));
  }
  for (const [sent, said] of [
    [packed.subarray(0, -9), `came incomplete: ${packed.length - 9} of ${packed.length}`],
    [file.subarray(1), "came incomplete: 4999 of 5000"],
  ])
    await assert.rejects(
      download(
        async () => new Response(/** @type {BodyInit} */ (sent)),
        source,
        () => {},
      ),
      new RegExp(/** @type {string} */ (said)),
    );
});
