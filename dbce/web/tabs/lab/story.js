// What to watch, and what the numbers at hand show.
import { presetOf } from "../../lab/experiment.js";
import { lessons } from "../../lab/lessons.js";
import { EVERY } from "../../lab/recording.js";
import { explained } from "../../parts/term.js";

const HTML = `<p class="lab-watch"></p><p class="lab-said" aria-live="off"></p>
  <p class="lab-few quiet" hidden>This phone has two cores: two networks learn at a time, balanced CE and dilated
    balanced CE first. Untick one below for another.</p>`;

const LATE = 60; // steps: until then the order still turns, and what was recorded tells more

/** Within a sentence. @param {string} title */
const inside = (title) => title.replace(/^(?=Balanced|Dilated)./, (letter) => letter.toLowerCase());

export class Story {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    this.box = room.$(".lab-story");
    this.box.innerHTML = HTML;
    this.titles = Object.fromEntries(
      Object.entries(room.viewer.config.lab.titles).map(([loss, title]) => [loss, inside(title)]),
    );
    this.watched = "";
    this.told = "";
  }

  /** The last step at which all have scores; null before there is one. */
  frame() {
    const { run } = this.room;
    const seats = [...run.seats].filter(([, { learns, expected }]) => learns && expected === null);
    if (!seats.length) return null;
    const steps = seats.map(([, { curve }]) => new Set(curve.map(({ step }) => step)));
    const step = Math.max(-1, ...[...steps[0]].filter((at) => at <= run.at && steps.every((other) => other.has(at))));
    if (step < 0) return null;
    const points = new Map(seats.map(([loss, { curve }]) => [loss, curve.find((point) => point.step === step)]));
    const balanced = points.get("bce");
    const fixed = this.room.experiment.correction;
    const scores = new Map([...points].map(([loss, point]) => [loss, point.scores]));
    if (balanced && fixed && balanced.other) scores.set("bce", balanced.other);
    return { step, scores, corrected: (fixed ? balanced?.scores : balanced?.other) ?? null };
  }

  /** The end of the recorded run. */
  recorded() {
    const { recording, losses } = this.room;
    if (!recording) return null;
    const at = recording.ce.length - 1;
    const kept = losses.filter((loss) => loss in recording);
    const scores = new Map(kept.map((loss) => [loss, recording[loss][at]]));
    return { step: at * EVERY, scores, corrected: scores.has("bce") ? recording.corrected[at] : null };
  }

  paint() {
    const { few, losses, viewer } = this.room;
    this.box.querySelector(".lab-few").hidden = !few || viewer.state["lab.losses"].length === losses.length;
    const { watch } = presetOf(this.room.experiment.preset);
    if (watch !== this.watched) {
      this.watched = watch;
      this.box.querySelector(".lab-watch").innerHTML = `<b>Watch.</b> ${explained(watch)}`;
    }
    const live = this.frame();
    const recorded = !live || live.step < LATE ? this.recorded() : null;
    const frame = recorded ?? live;
    const head = recorded ? "Recorded before: " : "";
    const text = frame
      ? head +
        lessons(frame, this.titles)
          .join(" ")
          .replace(/^A(?=t step)/, recorded ? "a" : "A")
      : "";
    if (text === this.told) return;
    this.told = text;
    this.box.querySelector(".lab-said").textContent = text;
  }
}
