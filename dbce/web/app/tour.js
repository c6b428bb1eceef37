// The paper's argument in six steps: each sets the state and marks what it speaks of.

/** @param {import("./viewer.js").Viewer} viewer */
const steps = ({ config, several }) => [
  {
    title: "Every pixel alike",
    text:
      "Plain cross entropy gives each pixel the weight 1/N. Most pixels are background far from the object, so that " +
      "is where most of the weight goes: see the first bar.",
    state: { tab: "anatomy", weighting: "none", of: "weight" },
    mark: ".card.share",
  },
  {
    title: "Balancing the classes",
    text:
      "Weight 1/area gives object and background half of the weight each. But the weight jumps at the outline: just " +
      "outside it, a pixel counts as little as any background.",
    state: { tab: "anatomy", weighting: "balanced", of: "weight" },
    mark: '[data-panel="weight"]',
  },
  {
    title: "What balancing costs",
    text:
      "So a network trained with it spills over the outline: false positives, red, gather in the rim. Recall rises " +
      "and precision falls. Compare it with its neighbours.",
    state: { tab: several ? "organs" : "compare", shape: "fill", threshold: 0.5 },
    mark: '.view:not([hidden]) .model[data-loss="bce"]',
  },
  {
    title: "Dilation",
    text:
      "Dilate each class by a disk of radius R, weigh it by 1/(1 + dilated area), and let every pixel take the " +
      "largest weight that covers it. Now the rim weighs as much as the object. The paper uses " +
      `R = ${config.radius} here.`,
    state: { tab: "anatomy", weighting: "dilated", radius: config.radius, of: "weight" },
    mark: '[data-panel="weight"]',
  },
  {
    title: "R \u2192 0: balancing again",
    text:
      "Without dilation the rim is gone, and what is left is 1/(1 + area): balanced cross entropy. Drag the slider " +
      "up and watch the rim return.",
    state: { tab: "anatomy", weighting: "dilated", radius: 0, of: "weight" },
    mark: ".card.controls",
  },
  {
    title: "R large: every pixel alike again",
    text:
      "Once the disk covers the image, every pixel has one and the same weight: plain cross entropy up to a factor. " +
      "The method lives between these two ends; the charts show the whole way.",
    state: { tab: "anatomy", weighting: "dilated", radius: config.max_radius, of: "weight" },
    mark: ".card.charts",
  },
];

export class Tour {
  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./paint.js").Painter} painter
   */
  constructor(viewer, painter) {
    this.viewer = viewer;
    this.painter = painter;
    this.steps = steps(viewer);
    this.at = -1;
    this.before = {}; // the state to which the end returns
    this.box = document.createElement("aside");
    this.box.className = "tour";
    this.box.hidden = true;
    this.box.setAttribute("role", "dialog");
    this.box.setAttribute("aria-label", "Guided tour");
    viewer.root.append(this.box);
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
    const { title, text, state, mark } = this.steps[step];
    const last = step === this.steps.length - 1;
    this.at = step;
    this.unmark();
    viewer.set(state);
    box.hidden = false;
    box.innerHTML = `<p class="count">${step + 1} of ${this.steps.length}</p>
      <h2 tabindex="-1">${title}</h2><p>${text}</p>
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

  /** @param {number} by steps */
  move(by) {
    if (this.at + by === this.steps.length) this.end();
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
