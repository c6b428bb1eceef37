// Dice, precision, recall and calibration against the steps, as they grow.
import { scoresOf } from "../../lab/head.js";
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
    /** @type {import("../../parts/chart.js").Chart | null} */
    this.chart = null;
    this.listen();
  }

  /** Whoever drags along a curve looks at what was at that step. */
  listen() {
    const look = (/** @type {PointerEvent} */ event) => {
      const svg = /** @type {Element} */ (event.target).closest(".chart")?.querySelector("svg");
      if (svg && this.chart) this.room.timeline.look(this.chart.valueAt(event.clientX, svg));
    };
    this.box.addEventListener("pointerdown", (event) => {
      const chart = event.target.closest(".chart");
      if (!chart || event.button) return;
      chart.setPointerCapture?.(event.pointerId);
      look(event);
    });
    this.box.addEventListener("pointermove", (event) => {
      if (event.target.hasPointerCapture?.(event.pointerId)) look(event);
    });
  }

  paint() {
    const { room } = this;
    const { run, losses } = room;
    const { head, last } = room.timeline;
    const { lab } = room.viewer.config;
    const recording = run.touched ? null : room.recording;
    const key = JSON.stringify([
      ...[run.until, head.step, room.experiment, losses, run.touched],
      [...run.seats.values()].map(({ curve, expected }) => [expected, curve.length, curve.at(-1)]),
    ]);
    if (key === this.drawn) return;
    this.drawn = key;
    const fixed = room.experiment.correction;
    for (const [name, title] of Object.entries(CHARTS)) {
      const learners = losses.map((loss) => {
        const all = head
          .series(loss, recording)
          .map((point) => /** @type {[number, number]} */ ([point.step, scoresOf(point, fixed)[name]]));
        return {
          ...{ name: lab.short[loss], line: lab.lines[loss], ghost: all },
          points: all.filter(([step]) => step <= head.step),
        };
      });
      const values = learners.flatMap(({ ghost }) => ghost.slice(1).map(([, v]) => v));
      const top = name === "calibration" ? Math.max(LEAST_TOP, Math.ceil(50 * Math.max(0, ...values)) / 50) : 1;
      const { svg, chart } = learningChart({ title: `${title} at step ${head.step}`, learners, last, top });
      const box = this.box.querySelector(`[data-curve="${name}"]`);
      box.innerHTML = svg;
      chart.mark(box, head.step);
      this.chart = chart;
    }
  }
}
