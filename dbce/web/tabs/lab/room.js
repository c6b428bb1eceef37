// The lab: networks that differ in nothing but the loss learn side by side, in workers of this page.
import { loadKernels, Member } from "../../lab/crew.js";
import { asRecorded, FOUR, presetOf, radiusOf, settingsOf, startOf } from "../../lab/experiment.js";
import { recordingOf } from "../../lab/recording.js";
import { Run } from "../../lab/run.js";
import { Columns } from "./columns.js";
import { Curves } from "./curves.js";
import { listenToKeys } from "./keys.js";
import { OwnCard } from "./own.js";
import { ProblemCard } from "./problem.js";
import { Story } from "./story.js";
import { SweepCard } from "./sweep.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";

const HTML = `<h2 class="hide">Live lab</h2>
  <div class="lab-bar"></div>
  <div class="lab-story"></div>
  <div class="lab-body"><div class="lab-rail"></div>
    <div class="lab-main"><div class="lab-curves"></div><div class="lab-columns"></div></div></div>
  <div class="cards lab-cards"><div class="card lab-sweep"></div><div class="card lab-own"></div></div>
  <p class="quiet lab-foot">The networks start from the same weights and see the same batches of four drawn images in
    the same order, with the same optimiser (Adam): U-Nets of 53 thousand weights, in this browser, with nothing sent.
    Scores are means over 16 images that none of them trains on, by weights averaged over about the last 25 steps.
    Drawn images, not patients: a toy shows how a loss behaves, not which one to use, and one seed shows no order
    between losses that lie a few points apart.</p>`;

const LAST = 240; // steps of one go; another Play goes on
const MOST = 9600; // steps of a run, and of a link
const PUT_AWAY = 60_000; // milliseconds after which a lab that nobody looks at gives its memory back
const RESTART = 250; // milliseconds without another change, before a changed problem starts anew

/** Of the page's state, by the names in experiment.js. @param {Record<string, any>} state */
const experimentOf = (state) =>
  /** @type {import("../../lab/experiment.js").Experiment} */ ({
    preset: state.lab,
    ...Object.fromEntries(
      Object.entries(state).flatMap(([name, value]) => (name.startsWith("lab.") ? [[name.slice(4), value]] : [])),
    ),
  });

export class Room {
  /** @param {import("../../app/viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.box = viewer.$("#view-lab");
    this.box.innerHTML = HTML;
    this.experiment = this.asked; // as it is drawn
    /** @type {WebAssembly.Module | null} */
    this.kernels = null;
    this.run = new Run(
      (hear, fail) => new Member(this.kernels, hear, fail),
      () => this.changed(),
    );
    this.run.until = LAST;
    this.timeline = new Timeline(this);
    /** @type {any[]} what the run was begun for, and set to */
    this.begun = [];
    this.wanted = false; // whether it is to go on when somebody looks again
    this.restarting = 0; // the timer after which it begins anew
    /** @type {(() => void)[]} what is still to be drawn, a frame each */
    this.todo = [];
    this.transport = new Transport(this);
    this.problem = new ProblemCard(this);
    this.story = new Story(this);
    this.curves = new Curves(this);
    this.columns = new Columns(this);
    this.sweep = new SweepCard(this);
    this.own = new OwnCard(this);
    listenToKeys(this);
    this.watch();
    void this.load();
  }

  /** @param {string} selector @returns {any} */
  $(selector) {
    return this.box.querySelector(selector);
  }

  async load() {
    const { viewer } = this;
    try {
      this.kernels = await loadKernels();
    } catch (error) {
      return viewer.say(error.message, true);
    }
    this.draw();
  }

  /** Of whose networks there is a column: on a small phone as many as it has cores. */
  get losses() {
    const { state } = this.viewer;
    const chosen = [...FOUR, "own"].filter((loss) => state["lab.losses"].includes(loss));
    if (!this.few || chosen.length <= 2) return chosen;
    const [story, rest] = [
      ["bce", "dbce"],
      ["ce", "dice_ce", "own"],
    ];
    const first = [...story, ...rest].filter((loss) => chosen.includes(loss)).slice(0, 2);
    return chosen.filter((loss) => first.includes(loss));
  }

  /** Whether this is a phone that would be too slow for four. */
  get few() {
    return (navigator.hardwareConcurrency ?? 4) <= 2 && matchMedia("(pointer: coarse)").matches;
  }

  /** What the page's state asks for: a frame ahead of `experiment`, so what somebody does goes by this. */
  get asked() {
    return experimentOf(this.viewer.state);
  }

  /** @param {Record<string, any>} patch by the names in experiment.js */
  set(patch) {
    const named = Object.entries(patch).map(([name, value]) => [name === "preset" ? "lab" : `lab.${name}`, value]);
    this.viewer.set(Object.fromEntries(named));
  }

  /** The page's state changed, or the tab was opened. */
  draw() {
    this.experiment = this.asked;
    this.follow();
    this.timeline.seek();
    for (const part of [this.transport, this.problem, this.columns, this.own, this.sweep]) part.controls();
    this.paint();
  }

  /** Has the networks do what the state says. */
  follow() {
    const { experiment, run, losses } = this;
    if (!this.kernels) return;
    this.lookAgain();
    run.pace = experiment.pace === "slow" ? 2 : Infinity;
    const { problem, seed } = startOf(experiment, "ce");
    const key = JSON.stringify([problem, seed]);
    if (this.begun[0] !== key) {
      const first = !this.begun.length;
      this.timeline.leave();
      this.begun = [key, losses.join(), this.learning(), this.looking(), experiment.formula];
      clearTimeout(this.restarting);
      if (first) this.begin();
      else this.restarting = window.setTimeout(() => this.begin(), RESTART);
      return;
    }
    const [, ran, learning, looking, formula] = this.begun;
    const now = [key, losses.join(), this.learning(), this.looking(), experiment.formula];
    this.begun = now;
    if (ran !== now[1]) {
      for (const loss of run.seats.keys()) if (!losses.includes(loss)) run.drop(loss);
      for (const loss of losses) if (!run.seats.has(loss)) run.place(loss, startOf(experiment, loss));
    } else if (formula !== now[4] && run.seats.has("own")) run.place("own", startOf(experiment, "own"));
    if (learning !== now[2] || looking !== now[3])
      run.set((loss) => ({ ...settingsOf(experiment, loss), formula: run.seats.get(loss).start.settings.formula }),
        learning !== now[2]); // prettier-ignore
  }

  /** What changes how they learn, and what only how they are looked at. */
  learning() {
    return [radiusOf(this.experiment), this.experiment.rate].join();
  }

  looking() {
    return [this.experiment.threshold, this.experiment.correction].join();
  }

  /** All anew, as the state says. */
  begin() {
    this.restarting = 0;
    this.run.until = LAST;
    this.run.begin(new Map(this.losses.map((loss) => [loss, startOf(this.experiment, loss)])));
    this.timeline.open();
  }

  play() {
    const { run } = this;
    this.sweep.run.pause();
    this.timeline.leave();
    if (run.at >= MOST) return this.viewer.say(`A run of the lab ends at step ${MOST}. Rewind it for another.`);
    if (run.at >= run.until || run.until % LAST) run.until = LAST * (Math.floor(run.at / LAST) + 1);
    run.play();
    this.changed();
  }

  pause() {
    this.timeline.goal = null;
    this.run.pause();
  }

  /** One step, and no more. */
  step() {
    this.timeline.leave();
    if (this.run.at < MOST) this.run.step();
  }

  rewind() {
    this.timeline.leave();
    this.run.rewind();
    this.changed();
  }

  /** What is known of the networks changed: drawn in the next two frames, so that few are late. */
  changed() {
    if (!this.own) return; // not all is there yet
    const { columns, transport, story, curves, sweep, own } = this;
    const drawing = this.todo.length > 0;
    this.todo = [
      () => {
        for (const part of [transport, story, sweep, own]) part.paint();
        for (const loss of this.losses) columns.paintOne(loss);
      },
      () => {
        curves.paint();
        this.timeline.note();
      },
    ];
    this.box.setAttribute("aria-busy", "true");
    if (!drawing) requestAnimationFrame(() => this.frame());
  }

  frame() {
    const { viewer, todo } = this;
    if (viewer.state.tab !== "lab") this.todo = [];
    else todo.shift()?.();
    if (this.todo.length) return void requestAnimationFrame(() => this.frame());
    this.box.removeAttribute("aria-busy");
    if (viewer.root.classList.contains("touring")) viewer.set({}); // the tour follows the scores
  }

  paint() {
    for (const part of [this.transport, this.story, this.curves, this.columns, this.sweep, this.own]) part.paint();
  }

  /** Scores that were recorded of just this experiment, from step 0 on; null where there are none. */
  get recording() {
    const { experiment } = this;
    return asRecorded(experiment) ? recordingOf(presetOf(experiment.preset).id, experiment.seed) : null;
  }

  /** Whether the run at hand is what the state says. */
  get settled() {
    return this.begun.length > 0 && !this.restarting;
  }

  /** Nobody looks, or somebody looks again. */
  watch() {
    const { viewer } = this;
    const look = () => {
      const here = viewer.state.tab === "lab" && document.visibilityState === "visible";
      if (here) this.lookAgain();
      else this.lookAway();
    };
    viewer.drawers.push(() => viewer.state.tab === "lab" || this.lookAway());
    document.addEventListener("visibilitychange", look);
  }

  lookAway() {
    if (this.away !== undefined) return;
    const { run, sweep } = this;
    this.wanted = run.playing;
    run.pause();
    sweep.run.pause();
    this.away = setTimeout(() => {
      run.putAway();
      sweep.end();
    }, PUT_AWAY);
  }

  lookAgain() {
    if (this.away === undefined) return;
    clearTimeout(this.away);
    this.away = undefined;
    this.run.wake();
    if (this.wanted) this.run.play();
  }
}
