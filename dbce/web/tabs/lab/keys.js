// Keys of the lab, while it is in view.
import { radiusOf } from "../../lab/experiment.js";
import { PRESETS } from "../../lab/presets.js";
import { commands } from "../../parts/command.js";

const OWN_SPACE = "button, summary, a, input, select, textarea, [role=tab]"; // they mean something else by a space
const OWN_ARROW = "input, select, textarea, [role=tab], .scroll, .frame canvas";

/** @param {import("./room.js").Room} room */
export function listenToKeys(room) {
  const { viewer, transport } = room;
  const { high } = viewer.fields.table.get("lab.radius");
  /** @param {number} by */
  const widen = (by) => room.set({ radius: Math.max(0, Math.min(high, radiusOf(room.asked) + by)) });
  const acts = {
    r: () => room.rewind(),
    n: () => transport.nextSeed(),
    c: () => room.set({ correction: !room.asked.correction }),
    "[": () => widen(-1),
    "]": () => widen(1),
    ...Object.fromEntries(PRESETS.map(({ id }, k) => [k + 1, () => room.problem.choose(id)])),
  };
  document.addEventListener("keydown", (event) => {
    if (viewer.state.tab !== "lab" || viewer.$("dialog[open]")) return;
    const on = (/** @type {string} */ selector) => /** @type {Element} */ (event.target).matches?.(selector);
    if (commands(event, " ") && !on(OWN_SPACE)) {
      event.preventDefault(); // it would scroll
      return room.run.playing ? room.pause() : room.play();
    }
    const by = commands(event, "ArrowRight") ? 1 : commands(event, "ArrowLeft") ? -1 : 0;
    if (by && !on(OWN_ARROW) && !viewer.$(".tour").contains(event.target)) return room.timeline.turn(by);
    const act = Object.keys(acts).find((key) => commands(event, key));
    if (act) acts[act]();
  });
}
