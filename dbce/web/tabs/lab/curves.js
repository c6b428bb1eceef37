// Dice, precision, recall and calibration against the steps, as they grow.
import { EVERY } from "../../lab/recording.js";
import { learningChart } from "../../parts/learning_chart.js";
import { explained } from "../../parts/term.js";

const CHARTS = {
  dice: "Dice, %",
  precision: "Precision, %",
  recall: "Recall, %",
  calibration: "Calibration error, %",
};
const LEAST_TOP = 0.08; // of the calibration error

export class Curves {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    this.box = room.$(".lab-curves");
    this.box.innerHTML = Object.entries(CHARTS)
      .map(
        ([name, title]) => `<figure><figcaption>${explained(title)}</figcaption>
        <div class="chart still" data-curve="${name}"></div></figure>`,
      )
      .join("");
    /** @type {string} what was drawn */
    this.drawn = "";
  }

  paint() {
    const { room } = this;
    const { run, recording, losses } = room;
    const { lab } = room.viewer.config;
    const key = JSON.stringify([
      run.until,
      room.experiment,
      losses,
      [...run.seats.values()].map(({ curve, expected }) => [expected, curve.length, curve.at(-1)]),
    ]);
    if (key === this.drawn) return;
    this.drawn = key;
    const ghosts = !run.touched && recording;
    const last = Math.max(run.until, run.at);
    const fixed = room.experiment.correction;
    for (const [name, title] of Object.entries(CHARTS)) {
      const learners = losses.map((loss) => {
        const rows = ghosts && ghosts[loss === "bce" && fixed ? "corrected" : loss];
        return {
          name: lab.short[loss],
          line: lab.lines[loss],
          points: (run.seats.get(loss)?.curve ?? [])
            .filter(({ step }) => step <= run.at)
            .map(({ step, scores }) => /** @type {[number, number]} */ ([step, scores[name]])),
          ghost: (rows || []).map((row, i) => /** @type {[number, number]} */ ([i * EVERY, row[name]])),
        };
      });
      const values = learners.flatMap(({ points, ghost }) => [...points, ...ghost].slice(1).map(([, v]) => v));
      const top = name === "calibration" ? Math.max(LEAST_TOP, Math.ceil(50 * Math.max(0, ...values)) / 50) : 1;
      const { svg } = learningChart({ title, learners, at: run.at, last, top });
      this.box.querySelector(`[data-curve="${name}"]`).innerHTML = svg;
    }
  }
}
