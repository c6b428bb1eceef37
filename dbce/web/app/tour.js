// The paper's argument in six steps: each sets the state, marks what it speaks of, and asks for something to be moved.
import { STEPS } from "../core/tour_texts.js";

/**
 * What each step starts from, and what it marks.
 * @param {import("./viewer.js").Viewer} viewer
 */
const scenes = ({ config, several }) => [
  { state: { tab: "anatomy", weighting: "none", radius: config.radius, of: "weight" }, mark: ".card.share" },
  { state: { tab: "anatomy", weighting: "none", radius: config.radius, of: "weight" }, mark: ".card.share" },
  {
    state: { tab: several ? "organs" : "compare", shape: "fill", threshold: 0.5, radius: config.radius },
    mark: '.view:not([hidden]) .model[data-loss="bce"]',
  },
  { state: { tab: "anatomy", weighting: "dilated", radius: 0, of: "weight" }, mark: '[data-panel="weight"]' },
  { state: { tab: "anatomy", weighting: "dilated", radius: 0, of: "weight" }, mark: ".card.controls" },
  { state: { tab: "anatomy", weighting: "dilated", radius: config.radius, of: "weight" }, mark: ".card.share" },
];

export class Tour {
  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./paint.js").Painter} painter
   */
  constructor(viewer, painter) {
    this.viewer = viewer;
    this.painter = painter;
    this.scenes = scenes(viewer);
    this.at = -1;
    this.before = {}; // the state to which the end returns
    this.box = document.createElement("aside");
    this.box.className = "tour";
    this.box.hidden = true;
    this.box.setAttribute("role", "dialog");
    this.box.setAttribute("aria-label", "Guided tour");
    viewer.root.append(this.box);
    viewer.drawers.push(() => this.answer());
    viewer.followers.push(() => this.at >= 0 && (viewer.study.labelled ? this.show(this.at) : this.end()));
    this.listen();
  }

  start() {
    const { viewer, painter } = this;
    if (!viewer.study.labelled)
      return viewer.say(
        viewer.several
          ? "The tour needs labels: choose one of the examples, or add the labels."
          : "The tour needs a mask: choose one of the examples, or paint one.",
      );
    if (viewer.state.painting) painter.stop();
    const { tab, weighting, radius, of, shape, threshold, cls } = viewer.state;
    this.before = { tab, weighting, radius, of, shape, threshold, cls };
    viewer.set({ cls: null });
    this.show(0);
  }

  /** @param {number} step */
  show(step) {
    const { viewer, box } = this;
    const { state, mark } = this.scenes[step];
    const { title, text, ask } = STEPS[step];
    const last = step === STEPS.length - 1;
    const sight = this.sight();
    this.at = step;
    this.unmark();
    viewer.set(state);
    box.hidden = false;
    box.innerHTML = `<p class="count">${step + 1} of ${STEPS.length}</p>
      <h2 tabindex="-1">${title}</h2><p>${text(sight)}</p>
      <p class="ask">${ask(sight)}</p><p class="answer" aria-live="polite"></p>
      <div class="row"><button type="button" data-step="-1" ${step ? "" : "disabled"}>Back</button>
      <button type="button" data-step="end">End tour</button>
      <button type="button" class="primary" data-step="1">${last ? "Done" : "Next"}</button></div>`;
    box.querySelector("h2").focus({ preventScroll: true });
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const part = viewer.$(mark) ?? viewer.$(".view:not([hidden])"); // networks of one's own have other names
        part.classList.add("marked");
        part.scrollIntoView({ block: "center", inline: "center", behavior: viewer.calm ? "auto" : "smooth" });
      }),
    );
  }

  /** What the texts may speak of: of all classes together, whichever is picked. */
  sight() {
    const { study, config, several } = this.viewer;
    const { radius: paper, max_radius: last, titles } = config;
    const nouns = { object: several ? config.nouns.object : config.classes[1], seen: config.nouns.seen, several };
    return { study, nouns, paper, last, titles };
  }

  /** Follows the visitor's hand: the answer stands for as long as it holds. */
  answer() {
    const { viewer, box } = this;
    if (this.at < 0 || !viewer.study.labelled) return;
    const answer = STEPS[this.at].answer(this.sight(), /** @type {any} */ (viewer.state));
    const said = answer.replaceAll(" : ", "\u00a0:\u00a0"); // a ratio stays on one line
    const line = box.querySelector(".answer");
    if (line && line.textContent !== said) line.textContent = said;
  }

  /** @param {number} by steps */
  move(by) {
    if (this.at + by === STEPS.length) this.end();
    else this.show(Math.max(0, this.at + by));
  }

  end() {
    if (this.at < 0) return;
    this.at = -1;
    this.unmark();
    this.box.hidden = true;
    this.viewer.set(this.before);
    this.viewer.$('[data-do="tour"]').focus();
  }

  unmark() {
    for (const part of this.viewer.$$(".marked")) part.classList.remove("marked");
  }

  listen() {
    this.box.addEventListener("click", (event) => {
      const { step } = /** @type {HTMLElement} */ (event.target).dataset;
      if (step) step === "end" ? this.end() : this.move(+step);
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.end();
      else if (event.key === "ArrowRight") this.move(1);
      else if (event.key === "ArrowLeft" && this.at) this.move(-1);
    });
  }
}
