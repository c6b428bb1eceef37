// The paper's argument in steps: each sets the state, marks what it speaks of, and asks for something to be moved.
import { closeUp } from "../core/tour_numbers.js";
import { stepsFor } from "../core/tour_texts.js";
import { scenesOf } from "./tour_scenes.js";
import { Stage } from "./tour_stage.js";

const MARGIN = 32; // px around the objects in a close-up
const CLOSEST = 3;
const COLOURS = { paper: { up: "Blue", down: "Red" }, safe: { up: "Light blue", down: "Orange" } };

const HTML = `<div class="step"><p class="count"></p><h2 tabindex="-1"></h2><p class="text"></p>
  <div class="question"><p class="ask"></p>
    <form class="guess"><input type="range" min="0" max="100" aria-label="Your guess, percent"><output></output>
      <button>Guess</button></form>
    <p class="answer" aria-live="polite"></p></div>
  <div class="row"><button type="button" data-step="-1">Back</button>
    <button type="button" class="primary" data-step="1"></button>
    <button type="button" class="end" data-step="end">End tour</button></div></div>`;

/** A ratio, and a number and its unit, stay on one line. @param {string} text */
const kept = (text) => text.replace(/ : | (?=%|px)|(?<=R) = /g, (gap) => gap.replaceAll(" ", "\u00a0"));

export class Tour {
  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./paint.js").Painter} painter
   * @param {import("./zoom.js").Zoom} zoom
   */
  constructor(viewer, painter, zoom) {
    this.viewer = viewer;
    this.painter = painter;
    this.zoom = zoom;
    this.scenes = scenesOf(viewer);
    /** @type {import("../core/tour_texts.js").Step[]} */
    this.steps = [];
    this.at = -1;
    this.before = {}; // the state to which the end returns
    this.look = [1, 0, 0]; // and the zoom
    /** @type {number | null} */
    this.guess = null;
    /** @type {[number, number]} */
    this.swept = [1, 0];
    this.palette = "";
    this.box = document.createElement("section");
    this.box.className = "tour";
    this.box.hidden = true;
    this.box.setAttribute("aria-label", "Guided tour");
    this.box.innerHTML = HTML;
    viewer.root.append(this.box);
    this.stage = new Stage(viewer, this.box);
    viewer.drawers.push(() => this.answer());
    viewer.followers.push(() => this.at >= 0 && (viewer.study.labelled ? this.show(this.at, false) : this.end()));
    this.listen();
  }

  /** @param {string} name @returns {any} */
  part(name) {
    return this.box.querySelector(name);
  }

  start() {
    const { viewer, painter, zoom } = this;
    if (!viewer.study.labelled)
      return viewer.say(
        viewer.several
          ? "The tour needs labels: choose one of the examples, or add the labels."
          : "The tour needs a mask: choose one of the examples, or paint one.",
      );
    if (this.at >= 0) return this.part("h2").focus();
    if (viewer.state.painting) painter.stop();
    if (!viewer.study.labelled) return; // nothing had been painted, and the painter says so
    const set = Object.keys(Object.values(this.scenes)[0].state);
    this.before = structuredClone(Object.fromEntries(set.map((name) => [name, viewer.state[name]])));
    this.look = [zoom.scale, zoom.x, zoom.y];
    this.steps = stepsFor(this.sight());
    viewer.root.classList.add("touring");
    this.show(0);
  }

  /**
   * @param {number} number of the step
   * @param {boolean} focus whether its heading gets the focus
   */
  show(number, focus = true) {
    const { viewer, zoom, steps } = this;
    const step = steps[number];
    const scene = this.scenes[step.name];
    this.at = number;
    this.guess = null;
    this.swept = [1, 0];
    this.box.hidden = false;
    viewer.root.dataset.tour = step.name;
    this.part(".count").textContent = `${number + 1} of ${steps.length}`;
    this.part("h2").textContent = step.title;
    this.part(".guess").hidden = step.name !== "vote";
    this.part(".guess input").value = 50;
    this.part(".guess output").textContent = "50\u00a0%";
    this.part('[data-step="-1"]').disabled = !number;
    this.part('[data-step="1"]').textContent = number === steps.length - 1 ? "Done" : "Next";
    this.tell();
    this.part(".answer").textContent = "";
    viewer.root.removeAttribute("data-answered");
    viewer.set(structuredClone(scene.state));
    const [scale, x, y] = scene.close ? closeUp(viewer.study, MARGIN, CLOSEST) : [1, 0, 0];
    zoom.look(scale, x, y);
    if (focus) this.part("h2").focus({ preventScroll: true });
    const set = () => this.at === number && this.stage.set(scene);
    const loaded = viewer.tabs[scene.state.tab].ready?.() ?? Promise.resolve();
    void loaded.then(() => requestAnimationFrame(() => requestAnimationFrame(set)));
  }

  tell() {
    const step = this.steps[this.at];
    this.palette = this.viewer.state.palette;
    for (const name of /** @type {const} */ (["text", "ask"]))
      this.part(`.${name}`).textContent = kept(step[name](this.sight()));
  }

  /** What the texts may speak of: of all classes together, whichever is picked. */
  sight() {
    const { study, state, config, nouns } = this.viewer;
    const { radius: paper, max_radius: last, titles, method, shifts, calibration } = config;
    const lab = { titles: config.lab.titles, frame: this.viewer.tabs.lab.frame?.() ?? null };
    return { study, nouns, paper, last, titles, method, shifts, calibration, lab, colours: COLOURS[state.palette] };
  }

  /** Follows the visitor's hand: the answer stands for as long as it holds. */
  answer() {
    const { viewer, guess, swept } = this;
    const { state, root, study } = viewer;
    if (this.at < 0 || !study.labelled) return;
    if (state.palette !== this.palette) this.tell();
    this.swept = [Math.min(swept[0], state.threshold), Math.max(swept[1], state.threshold)];
    const now = /** @type {any} */ ({ ...state, guess, swept: this.swept });
    const said = kept(this.steps[this.at].answer(this.sight(), now));
    const line = this.part(".answer");
    if (line.textContent === said) return;
    line.textContent = said;
    root.toggleAttribute("data-answered", Boolean(said));
    if (!said) return;
    this.stage.unmark();
    requestAnimationFrame(() => this.stage.follow()); // once the view is drawn
  }

  /** @param {number} by steps */
  move(by) {
    if (this.at + by === this.steps.length) this.end();
    else this.show(Math.max(0, this.at + by));
  }

  end() {
    const { viewer, zoom } = this;
    if (this.at < 0) return;
    this.at = -1;
    this.stage.clear();
    this.box.hidden = true;
    viewer.root.classList.remove("touring");
    for (const name of ["data-tour", "data-answered"]) viewer.root.removeAttribute(name);
    const [scale, x, y] = this.look;
    zoom.look(scale, x, y);
    viewer.set(this.before);
    viewer.$('[data-do="tour"]').focus();
  }

  listen() {
    const { viewer, box } = this;
    box.addEventListener("click", (event) => {
      const { step } = /** @type {HTMLElement} */ (event.target).dataset;
      if (step) step === "end" ? this.end() : this.move(+step);
    });
    box.addEventListener("input", (event) => {
      event.stopPropagation(); // a guess is no field of the page
      this.part(".guess output").textContent = `${this.part(".guess input").value}\u00a0%`;
    });
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      this.guess = +this.part(".guess input").value;
      viewer.set({});
    });
    box.addEventListener("keydown", (event) => {
      if (/** @type {Element} */ (event.target).matches("input")) return;
      if (event.key === "ArrowRight") this.move(1);
      else if (event.key === "ArrowLeft" && this.at) this.move(-1);
    });
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.at >= 0 && !viewer.state.painting && !viewer.$("details.menu[open]")) this.end();
    });
    viewer.root.addEventListener("input", ({ target }) => {
      if (/** @type {Element} */ (target).closest(".marked")) this.stage.unmark();
    });
  }
}
