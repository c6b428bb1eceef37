// Networks in several workers: images that come together are shared among them, and what is not needed ends.
import assert from "node:assert/strict";
import test from "node:test";
import { Crew } from "../../dbce/web/backends/onnx/crew.js";

/** A worker that answers every image with its first byte when it is let. */
class Port {
  ended = false;
  /** @type {(() => void)[]} */
  held = [];
  addEventListener(kind, act) {
    if (kind === "message") this.act = act;
  }
  postMessage({ id, kind, image }) {
    const say = (data) => queueMicrotask(() => this.act({ data: { id, ...data } }));
    if (kind !== "run") return say({ done: true });
    this.held.push(() => {
      say({ loss: "ce", steps: Int16Array.of(image[0]) });
      say({ done: true });
    });
  }
  terminate() {
    this.ended = true;
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test("a second worker starts only when the first has loaded and is busy, and ends when there is no work", async () => {
  const ports = [];
  const start = () => /** @type {any} */ (ports[ports.push(new Port()) - 1]);
  const crew = new Crew({ ce: {} }, /** @type {any} */ ({ runtime: {} }), { size: 1, classes: 2 }, start);
  crew.most = 2;
  const run = async (value) => (await crew.run(Uint8Array.of(value, 0, 0), () => {})).get("ce")[0];
  const early = [run(1), run(2)];
  await settled();
  assert.equal(ports.length, 1); // nothing is loaded twice
  ports[0].held.shift()();
  await settled();
  ports[0].held.shift()();
  assert.deepEqual(await Promise.all(early), [1, 2]);
  const many = [run(3), run(4), run(5)];
  await settled();
  assert.deepEqual([ports.length, ports[0].held.length, ports[1].held.length], [2, 1, 1]);
  for (const port of [...ports, ports[0]]) {
    port.held.shift()();
    await settled();
  }
  assert.deepEqual(await Promise.all(many), [3, 4, 5]);
  clearTimeout(crew.rest);
  crew.leave();
  assert.deepEqual(ports.map(({ ended }) => ended), [false, true]); // prettier-ignore
  const later = run(6);
  await settled();
  ports[0].held.shift()();
  assert.equal(await later, 6);
  clearTimeout(crew.rest);
});
