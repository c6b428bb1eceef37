// Fig. 5 in a minute: the same network with six radii, side by side.
import { Member } from "../../lab/crew.js";
import { asRecorded, startOf, SWEEP, SWEPT } from "../../lab/experiment.js";
import { sweepLesson } from "../../lab/lessons.js";
import { decide } from "../../lab/measure.js";
import { judged } from "../../lab/pictures.js";
import { SIZE } from "../../lab/problem.js";
import { EVERY, sweepRecording } from "../../lab/recording.js";
import { Run } from "../../lab/run.js";
import { BLACK, styled } from "../../parts/colour.js";
import { Chart } from "../../parts/chart.js";
import { Tile } from "../../parts/tile.js";

const LAST = 120; // steps

const HTML = `<div class="row"><h2>The radius, in a minute</h2>
    <button type="button" data-lab="sweep">Train six radii</button></div>
  <p class="quiet">Dice of dilated balanced CE by R, px. R = 0 is balanced CE of each image; a very large R is plain
    CE.</p>
  <div class="chart still lab-radii"></div><div class="lab-six"></div><p class="lab-swept"></p>`;

export class SweepCard {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    this.card = room.$(".lab-sweep");
    this.card.innerHTML = HTML;
    this.run = new Run(
      (hear, fail) => new Member(room.kernels, hear, fail),
      () => room.changed(),
    );
    this.tiles = new Map(
      SWEEP.map((radius) => {
        const figure = document.createElement("figure");
        this.card.querySelector(".lab-six").append(figure);
        const tile = new Tile(figure, SIZE);
        figure.insertAdjacentHTML("beforeend", `<figcaption>R = ${radius}</figcaption>`);
        return [radius, tile];
      }),
    );
    this.button = this.card.querySelector('[data-lab="sweep"]');
    this.button.addEventListener("click", () => this.act());
    this.begun = ""; // for what it was
    this.freed = false; // whether its workers have gone, having done
    this.drawn = "";
  }

  /** Begins, pauses, goes on. */
  act() {
    const { run, room } = this;
    if (run.playing) return run.pause();
    if (!room.kernels) return;
    room.pause();
    const key = this.key();
    if (this.begun !== key || run.at >= LAST || !run.seats.size) {
      this.begun = key;
      run.until = LAST;
      run.begin(new Map(SWEEP.map((radius) => [String(radius), startOf(room.experiment, "dbce", radius)])));
    }
    this.freed = false;
    run.play();
    room.changed();
  }

  /** What it depends on. */
  key() {
    const { problem, seed, settings } = startOf(this.room.experiment, "dbce", 0);
    return JSON.stringify([problem, seed, settings]);
  }

  /** Gives its workers back. */
  end() {
    this.run.end();
    this.begun = "";
  }

  controls() {
    if (this.begun && this.begun !== this.key()) this.end();
  }

  /** Dice by radius at a step: of the run at hand, or as recorded. */
  values() {
    const { run, room } = this;
    const seats = SWEEP.map((radius) => run.seats.get(String(radius)));
    const last = seats[0]?.curve.at(-1)?.step ?? 0;
    const points = seats.map((seat) => seat?.curve.find(({ step }) => step === Math.min(last, run.at - (run.at % 10))));
    if (points.every(Boolean) && points[0].step > 0)
      return { step: points[0].step, live: true, dice: new Map(SWEEP.map((r, k) => [r, points[k].trained.dice])) };
    const { experiment } = room;
    if (experiment.preset !== SWEPT || experiment.seed !== 0 || !asRecorded({ ...experiment, radius: null }))
      return null;
    return {
      step: LAST,
      live: false,
      dice: new Map([...sweepRecording()].map(([r, rows]) => [r, rows[LAST / EVERY]])),
    };
  }

  paint() {
    const { run, room } = this;
    const { theme, palette } = room.viewer.state;
    this.button.textContent = run.playing ? "Pause" : run.at > 0 && run.at < LAST ? "Go on" : "Train six radii";
    if (run.at >= LAST && !run.playing && !this.freed) {
      this.freed = true;
      run.putAway();
    }
    const found = this.values();
    const key = JSON.stringify([theme, palette, run.at, run.seats.size, room.experiment, found && [...found.dice]]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.card.querySelector(".lab-radii").innerHTML = found ? chartOf(found.dice, found.step, found.live) : "";
    const said = found ? sweepLesson(found.step, found.dice) : "";
    this.card.querySelector(".lab-swept").textContent = found?.live === false ? `Recorded before. ${said}` : said;
    this.card.querySelector(".lab-six").hidden = !run.seats.size;
    this.paintTiles();
  }

  paintTiles() {
    const { room, run } = this;
    const { root } = room.viewer;
    const colours = [BLACK, ...["tp", "fp", "fn"].map((name) => styled(root, name))];
    const { image, threshold } = room.experiment;
    const { labels } = room.columns.samples[image];
    for (const [radius, tile] of this.tiles) {
      const seen = run.seats.get(String(radius))?.shown;
      if (!seen) continue;
      const { kinds, counts } = judged(
        decide(seen.pictures[image].logits, { threshold, shift: seen.shift.map(() => 0) }),
        labels,
      );
      for (let i = 0; i < kinds.length; i++) tile.words[i] = colours[kinds[i]];
      tile.show(`R = ${radius}: ${counts[1]} pixels found, ${counts[2]} false, ${counts[3]} missed`);
    }
  }
}

/**
 * Radii stand side by side: their steps grow.
 * @param {Map<number, number>} dice
 * @param {number} step
 * @param {boolean} live
 */
function chartOf(dice, step, live) {
  const radii = [...dice.keys()];
  const chart = new Chart({
    ...{ width: 620, height: 190, last: radii.length },
    ticks: radii.map((radius, k) => /** @type {[number, string]} */ ([k + 0.5, `R = ${radius}`])),
  });
  const values = [...dice.values()];
  const floor = Math.max(0, Math.floor(10 * Math.min(...values) - 0.5) / 10);
  const ceiling = Math.min(1, Math.ceil(10 * Math.max(...values) + 0.5) / 10);
  const part = (/** @type {number} */ v) => (v - floor) / (ceiling - floor);
  const at = radii.map((_, k) => k + 0.5);
  const points = values.map((v) => Math.round(100 * v));
  const dots = values.map((v, k) => {
    const [x, y] = [chart.x(at[k]), chart.y(part(v))];
    const text = `<text class="direct" x="${x}" y="${y - 11}" text-anchor="middle">${points[k]}</text>`;
    return `<circle cx="${x}" cy="${y}" r="5"/>${text}`;
  });
  const levels = [floor, (floor + ceiling) / 2, ceiling].map(
    (v) => /** @type {[number, string]} */ ([part(v), String(Math.round(100 * v))]),
  );
  const label = `Dice at step ${step} by radius: ${radii.map((r, k) => `${r} px ${points[k]}`).join(", ")}`;
  const path = `<path class="${live ? "curve" : "ghost"}" d="${chart.line(values.map(part), at)}"/>`;
  return chart.svg(path + dots.join(""), levels, label);
}
