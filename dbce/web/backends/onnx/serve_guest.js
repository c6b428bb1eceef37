// What the worker of one network of the visitor's own answers: it is given the file once, then images.
import { say } from "../../core/say.js";
import { admitted, mapsOf, reasonOf, Refused, stepsOf } from "./guest.js";
import { sessionOf } from "./network.js";
import { loaded } from "./serve.js";

/** @typedef {Pick<Worker, "postMessage" | "addEventListener">} Port */

/**
 * Answers `{id, about}` to the file, `{id, steps}` to an image, and `{id, error}`, a sentence, to what it refuses.
 * @param {Port} port
 */
export function serveGuest(port) {
  /** @type {any} */
  let known = null;
  port.addEventListener("message", async (event) => {
    const { id, kind, ...given } = /** @type {any} */ (/** @type {MessageEvent} */ (event).data);
    try {
      if (kind === "add") {
        const { place, data, file, reading, image, task, told } = given;
        const runtime = await loaded(place, () => {});
        const session = await sessionOf(runtime, data, ["wasm"]).catch((error) => {
          throw new Refused(say(told, "load", { name: file, reason: reasonOf(error) }));
        });
        const { plan, about } = await admitted(runtime, session, file, reading, image, task, told);
        known = { runtime, session, plan, task, told };
        port.postMessage({ id, about });
        return;
      }
      const { runtime, session, plan, task, told } = known;
      const maps = await mapsOf(runtime, session, plan, given.image, task.size, told);
      const steps = stepsOf(maps, plan, task, told);
      port.postMessage({ id, steps }, [steps.buffer]);
    } catch (error) {
      port.postMessage({ id, error: reasonOf(error), refused: error instanceof Refused });
    }
  });
}
