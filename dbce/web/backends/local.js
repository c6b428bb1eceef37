// A server that has the examples, and a browser that reads the visitor's files and runs the networks by itself: nothing
// that is opened is sent.
import { isExample, OnnxBackend } from "./onnx/backend.js";

/**
 * @param {import("./backend.js").Backend} server
 * @param {{files: import("./onnx/backend.js").Files, task: import("./onnx/backend.js").Task}} told
 * @returns {import("./backend.js").Backend}
 */
export function localBackend(server, { files, task }) {
  const start = (/** @type {string} */ name) =>
    new Worker(new URL(`onnx/${name}`, import.meta.url), { type: "module" });
  const own = new OnnxBackend(task, files, start);
  return {
    can: {}, // the page writes its files by itself
    openStudy: async (request, ...more) =>
      isExample(request)
        ? own.guests.complete(await server.openStudy(request, ...more))
        : own.openStudy(request, ...more),
    join: (asked) => own.join(asked),
    lanes: own.lanes,
    exportView: () => own.exportView(),
  };
}
