import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { download } from "../../dbce/web/backends/onnx/download.js";
import { Engine } from "../../dbce/web/backends/onnx/engine.js";
import { runsOn } from "../../dbce/web/site/quicken.js";

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
  const engine = new Engine(networks, TASK, sure, (...all) => told.push(all), /** @type {any} */ (get));
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

/** An engine of two networks, a quick way of its own, and a clock that the runs move on. */
function trialOf({ off = 0, sure = 100, quick = 10, failsAfter = Infinity } = {}) {
  let [at, ran] = [0, 0];
  const clocked = (/** @type {any} */ of, /** @type {number} */ cost, last = Infinity) => ({
    ...of,
    InferenceSession: {
      create: async (/** @type {any[]} */ ...given) => {
        const made = await of.InferenceSession.create(...given);
        const run = async () => {
          if (ran++ >= last) throw new Error("device lost");
          at += cost;
          return made.run();
        };
        return { ...made, run, release: async () => void of.released.push(1) };
      },
    },
  });
  const [wasm, gpu] = [runtime(), { ...runtime(off), released: [] }];
  const way = { runtime: clocked(gpu, quick, failsAfter), providers: ["webgpu"] };
  const networks = { ce: { data: Uint8Array.of(4) }, bce: { data: Uint8Array.of(6) } };
  const engine = new Engine(networks, TASK, { runtime: clocked({ ...wasm, released: [] }, sure), providers: ["wasm"] });
  return { engine, way, gpu, now: () => at };
}

test("a quicker way is used where every number is within a step and it is quicker; else it is given back", async () => {
  for (const [options, end] of /** @type {[object, string][]} */ ([
    [{ off: 0.0009 }, "used"],
    [{ off: 0.01 }, "other"],
    [{ quick: 150 }, "slower"],
    [{ failsAfter: 0 }, "fails"],
  ])) {
    const { engine, way, gpu, now } = trialOf(options);
    const trial = await engine.quicken(way, IMAGE, () => true, now);
    assert.equal(trial.end, end);
    assert.equal(engine.quick, end === "used" ? way : null);
    if (end === "used") assert.deepEqual([trial.sure, trial.quick], [200, 20], "the first run of each is not counted");
    else assert.ok(gpu.released.length >= 1);
    const step = end === "used" ? 1 / 1024 : 0;
    assert.deepEqual(await collected(engine.all(IMAGE)), { ce: 4 + step, bce: 6 + step });
  }
});

test("an image that comes in between ends a trial; a device that goes away later is not trusted again", async () => {
  const stopped = trialOf();
  let left = 1;
  assert.equal((await stopped.engine.quicken(stopped.way, IMAGE, () => left-- > 0, stopped.now)).end, "stopped");
  assert.equal(stopped.engine.quick, null);
  const lost = trialOf({ off: 0.0009, failsAfter: 6 });
  assert.equal((await lost.engine.quicken(lost.way, IMAGE, () => true, lost.now)).end, "used");
  assert.deepEqual(await collected(lost.engine.all(IMAGE)), { ce: 4, bce: 6 });
  assert.equal(lost.engine.quick, null);
});

test("the foot says what runs, and why", () => {
  assert.equal(runsOn(null), "Networks run in WebAssembly, on one thread.");
  assert.match(runsOn({ end: "used", sure: 600, quick: 200 }), /on WebGPU, 3\.0 times as quick/);
  assert.match(runsOn({ end: "slower", sure: 1, quick: 2 }), /WebAssembly, on one thread\. WebGPU is slower here\./);
});

test("the first one that is wanted runs first", async () => {
  const { engine } = trialOf();
  const order = [];
  for await (const { loss } of engine.all(IMAGE, () => true, "bce")) order.push(loss);
  assert.deepEqual(order, ["bce", "ce"]);
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
  const inParts = new ReadableStream({
    start(to) {
      for (let at = 0; at < packed.length; at += 7) to.enqueue(packed.slice(at, at + 7));
      to.close();
    },
  });
  const unknown = await download(
    async () => new Response(inParts),
    { url: "n.onnx.gz" },
    () => {},
  );
  assert.deepEqual(unknown, file, "in many parts, of sizes that nobody told");
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

test("the runtime's own file is given back as soon as it runs, though the runtime still refers to it", async () => {
  const wasmBinary = new Uint8Array(1000);
  const own = { ...runtime(), env: { wasm: { wasmBinary } } };
  const engine = new Engine({ ce: { data: Uint8Array.of(1) }, bce: { data: Uint8Array.of(2) } }, TASK, {
    runtime: own,
    providers: ["wasm"],
  });
  assert.deepEqual(await collected(engine.all(IMAGE)), { ce: 1, bce: 2 });
  assert.equal(wasmBinary.byteLength, 0);
});
