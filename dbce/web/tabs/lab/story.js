// What to watch, and what the numbers at hand show.
import { presetOf } from "../../lab/experiment.js";
import { lessons } from "../../lab/lessons.js";
import { explained } from "../../parts/term.js";

const HTML = `<p class="lab-watch"></p><p class="lab-said" aria-live="off"></p>
  <p class="lab-few quiet" hidden>This phone has two cores: two networks learn at a time. Untick one below for
    another.</p>`;

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

  /** The last step up to the one in view at which all have scores; null before there is one. */
  frame() {
    const { losses, run } = this.room;
    const { head } = this.room.timeline;
    const recording = run.touched ? null : this.room.recording;
    const learn = losses.filter((loss) => run.seats.get(loss)?.learns ?? recording);
    const series = learn.map((loss) => head.series(loss, recording));
    if (!series.length) return null;
    const steps = series.map((points) => new Set(points.map(({ step }) => step)));
    const step = Math.max(-1, ...[...steps[0]].filter((at) => at <= head.step && steps.every((of) => of.has(at))));
    if (step < 0) return null;
    const points = new Map(learn.map((loss, k) => [loss, series[k].find((point) => point.step === step)]));
    const scores = new Map([...points].map(([loss, { trained }]) => [loss, trained]));
    return { step, scores, corrected: points.get("bce")?.corrected ?? null };
  }

  /** The same, of what was learned here. */
  learned() {
    const frame = this.frame();
    return frame && frame.step <= this.room.run.at ? frame : null;
  }

  paint() {
    const { few, losses, viewer } = this.room;
    this.box.querySelector(".lab-few").hidden = !few || viewer.state["lab.losses"].length === losses.length;
    const { watch } = presetOf(this.room.experiment.preset);
    if (watch !== this.watched) {
      this.watched = watch;
      this.box.querySelector(".lab-watch").innerHTML = `<b>Watch.</b> ${explained(watch)}`;
    }
    const frame = this.frame();
    const recorded = this.room.timeline.head.ahead;
    const text = frame ? lessons(frame, this.titles).join(" ") : "";
    const said = recorded ? `Recorded: ${text.replace(/^A(?=t step)/, "a")}` : text;
    if (said === this.told) return;
    this.told = said;
    this.box.querySelector(".lab-said").textContent = said;
  }
}
