// The paper's argument in six steps: each sets the state and marks what it speaks of.

const tour = (() => {
  const paper = CONFIG.radius;
  const STEPS = [
    {
      title: "Every pixel alike",
      text: "Plain cross entropy gives each pixel the weight 1/N. Most pixels are background far from the object, so that is where most of the weight goes: see the first bar.",
      state: { tab: "anatomy", weighting: "none", of: "weight" },
      mark: ".card.share",
    },
    {
      title: "Balancing the classes",
      text: "Weight 1/area gives object and background half of the weight each. But the weight jumps at the outline: just outside it, a pixel counts as little as any background.",
      state: { tab: "anatomy", weighting: "balanced", of: "weight" },
      mark: '[data-panel="weight"]',
    },
    {
      title: "What balancing costs",
      text: "So a network trained with it spills over the outline: false positives, red, gather in the rim. Recall rises and precision falls. Compare it with its neighbours.",
      state: { tab: CONFIG.classes.length > 2 ? "organs" : "compare", shape: "fill", threshold: 0.5 },
      mark: '.view:not([hidden]) .model[data-loss="bce"]',
    },
    {
      title: "Dilation",
      text: `Dilate each class by a disk of radius R, weigh it by 1/(1 + dilated area), and let every pixel take the largest weight that covers it. Now the rim weighs as much as the object. The paper uses R = ${paper} here.`,
      state: { tab: "anatomy", weighting: "dilated", radius: paper, of: "weight" },
      mark: '[data-panel="weight"]',
    },
    {
      title: "R \u2192 0: balancing again",
      text: "Without dilation the rim is gone, and what is left is 1/(1 + area): balanced cross entropy. Drag the slider up and watch the rim return.",
      state: { tab: "anatomy", weighting: "dilated", radius: 0, of: "weight" },
      mark: ".card.controls",
    },
    {
      title: "R large: every pixel alike again",
      text: "Once the disk covers the image, every pixel has one and the same weight: plain cross entropy up to a factor. The method lives between these two ends; the charts show the whole way.",
      state: { tab: "anatomy", weighting: "dilated", radius: CONFIG.max_radius, of: "weight" },
      mark: ".card.charts",
    },
  ];
  let at = -1;
  let before = null;
  const box = document.createElement("aside");
  box.className = "tour";
  box.hidden = true;
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", "Guided tour");
  root.append(box);

  const clear = () => $$(".marked").forEach((part) => part.classList.remove("marked"));

  function show(step) {
    at = step;
    const { title, text, state: patch, mark } = STEPS[at];
    clear();
    set(patch);
    box.hidden = false;
    box.innerHTML = `<p class="count">${at + 1} of ${STEPS.length}</p><h2 tabindex="-1">${title}</h2><p>${text}</p>
      <div class="row"><button type="button" data-step="-1" ${at ? "" : "disabled"}>Back</button><button type="button" data-step="end">End tour</button>
      <button type="button" class="primary" data-step="1">${at === STEPS.length - 1 ? "Done" : "Next"}</button></div>`;
    box.querySelector("h2").focus({ preventScroll: true });
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const part = $(mark) || $(".view:not([hidden])"); // networks of one\u2019s own have other names
      part.classList.add("marked");
      part.scrollIntoView({ block: "center", inline: "center", behavior: calm ? "auto" : "smooth" });
    }));
  }

  function end() {
    if (at < 0) return;
    at = -1;
    clear();
    box.hidden = true;
    set(before);
    $('[data-do="tour"]').focus();
  }

  function start() {
    if (!study.labels) return say(MANY ? "The tour needs labels: choose one of the examples, or add the labels." : "The tour needs a mask: choose one of the examples, or paint one.");
    if (state.painting) stopPainting();
    const { tab, weighting, radius, of, shape, threshold, cls } = state;
    before = { tab, weighting, radius, of, shape, threshold, cls };
    set({ cls: null });
    show(0);
  }

  const move = (by) => (at + by === STEPS.length ? end() : show(Math.max(0, at + by)));
  box.addEventListener("click", ({ target }) => {
    const { step } = target.dataset;
    if (step) step === "end" ? end() : move(+step);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") end();
    else if (event.key === "ArrowRight") move(1);
    else if (event.key === "ArrowLeft" && at) move(-1);
  });

  return { start, end, steps: STEPS.length };
})();
