// Beside the scores of one image: who is ahead on it, whether it is a counterexample, and that it proves nothing.
import { oneImage } from "../core/sentences.js";

const HALF = 0.5; // the threshold of the scores everywhere else

/** @param {import("./viewer.js").Viewer} viewer */
export function tellOneImage(viewer) {
  const { config, state, several } = viewer;
  const places = viewer.$$('[data-out="one-image"]');
  let known = [];

  function sentence(study) {
    const diceOf = (loss) => (several ? study.compareLabels(loss, 0).mean : study.compare(loss, 0, HALF).scores.dice);
    const dice = Object.fromEntries(study.losses.map((loss) => [loss, diceOf(loss)]));
    return oneImage(dice, config.titles, config.method, config.nouns.seen);
  }

  viewer.drawers.push(() => {
    const { study } = viewer;
    if (!study.labelled || !["compare", "organs"].includes(state.tab)) return;
    if (known[0] === study && known[1] === study.labels) return; // the threshold is dragged: nothing to count again
    known = [study, study.labels];
    const text = sentence(study);
    for (const place of places) place.textContent = text;
  });
}
