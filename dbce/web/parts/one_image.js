// Beside the scores in view: who is ahead on this image, whether it is a counterexample, and that it proves nothing.
import { oneImage } from "../core/sentences.js";
import { write } from "./write.js";

/**
 * @param {import("../app/viewer.js").Viewer} viewer
 * @param {string} view selector of what shows the scores
 * @param {Record<string, number | undefined>} dice of the networks in it
 */
export function tellOneImage({ config, found }, view, dice) {
  const said = oneImage(dice, config.titles, config.method, config.nouns.seen, config.alone);
  write(found.one(`${view} [data-out="one-image"]`), said);
}
