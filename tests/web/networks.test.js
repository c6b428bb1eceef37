import assert from "node:assert/strict";
import test from "node:test";
import { Missing } from "../../dbce/web/backends/backend.js";
import { Networks } from "../../dbce/web/backends/onnx/networks.js";

const FILES = { ce: { url: "a", bytes: 30 }, dbce: { url: "b", bytes: 50 } };
const PLACES = { runtime: { module: "ort", wasm: { url: "w", bytes: 20 } } };
const TASK = { size: 2, classes: 2 };
const image = (/** @type {number} */ value) => new Uint8Array(12).fill(value);

/** Workers that answer as told: each gets the messages, and how to say something. */
function workers(/** @type {(message: any, say: (data: any) => void, n: number) => void} */ answer) {
  let count = 0;
  const made = [];
  const start = () => {
    const n = count++;
    const port = new EventTarget();
    const say = (/** @type {any} */ data) => port.dispatchEvent(Object.assign(new Event("message"), { data }));
    const worker = Object.assign(port, {
      ended: false,
      postMessage: (/** @type {any} */ message) => queueMicrotask(() => answer(message, say, n)),
      terminate: () => (worker.ended = true),
    });
    made.push(worker);
    return /** @type {any} */ (worker);
  };
  return { start, made };
}

test("the worker is started once, images wait for each other, and the last one is not asked about again", async () => {
  const asked = [];
  let busy = 0;
  const { start, made } = workers(({ kind, id, image }, say) => {
    asked.push(kind);
    if (kind === "run") {
      assert.equal(busy++, 0);
      for (const loss of ["ce", "dbce"]) say({ id, loss, steps: Int16Array.of(image[0]) });
      busy--;
    }
    say({ id, done: true });
  });
  const networks = new Networks(FILES, PLACES, TASK, start);
  const nothing = () => {};
  const found = await Promise.all([1, 2, 2, 3].map((value) => networks.run(image(value), nothing)));
  assert.deepEqual(
    found.map((maps) => [...maps.keys(), maps.get("dbce")[0]]),
    [1, 2, 2, 3].map((value) => ["ce", "dbce", value]),
  );
  assert.deepEqual(asked, ["start", "run", "run", "run"]);
  assert.equal(made.length, 1);
});

test("each network is told of as it answers, the wanted one first; the maps keep the order of the networks", async () => {
  const orders = [];
  const { start } = workers(({ kind, id, first }, say) => {
    if (kind === "run") {
      orders.push(first);
      for (const loss of ["dbce", "ce"]) say({ id, loss, steps: Int16Array.of(1) });
    }
    say({ id, done: true });
  });
  const networks = new Networks(FILES, PLACES, TASK, start);
  const came = [];
  const maps = await networks.run(
    image(1),
    () => {},
    "dbce",
    (loss, steps) => came.push([loss, steps[0]]),
  );
  assert.deepEqual([orders, came, [...maps.keys()]], [["dbce"], [["dbce", 1], ["ce", 1]], ["ce", "dbce"]]); // prettier-ignore
});

test("how far a download is comes from all files together", async () => {
  const { start } = workers(({ kind, id }, say) => {
    if (kind === "start") say({ part: "runtime", bytes: 20, of: 20 });
    else for (const [part, bytes] of [["ce", 30], ["dbce", 10], ["dbce", 50]]) say({ part, bytes }); // prettier-ignore
    say({ id, done: true });
  });
  const told = [];
  await new Networks(FILES, PLACES, TASK, start).fetch((...far) => told.push(far));
  assert.deepEqual(told, [[20, 100], [50, 100], [60, 100], [100, 100]]); // prettier-ignore
});

test("what fails says why, ends the worker, and the next question starts another", async () => {
  const { start, made } = workers(({ kind, id }, say, n) =>
    n === 0 && kind === "run" ? say({ id, error: "b could not be loaded (404)." }) : say({ id, done: true }),
  );
  const networks = new Networks(FILES, PLACES, TASK, start);
  await assert.rejects(
    networks.run(image(1), () => {}),
    (error) => error instanceof Missing && error.message === "b could not be loaded (404).",
  );
  assert.ok(made[0].ended);
  assert.equal((await networks.run(image(1), () => {})).size, 0);
  assert.equal(made.length, 2);
  made[1].dispatchEvent(Object.assign(new Event("error"), { message: "out of memory" }));
  assert.ok(made[1].ended);
});
