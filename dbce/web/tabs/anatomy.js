// Fig. 1, alive: image, labels, cross entropy, weight, weighted loss, and where the weight goes.
import { IGNORE } from "../core/dilation.js";
import { digits, grouped, percent } from "../core/format.js";
import { BLACK, hex, largest, styled, WHITE } from "../parts/colour.js";
import { classPicker } from "../parts/legend.js";
import { Panel } from "../parts/panel.js";
import { RadiusCharts } from "../parts/radius_charts.js";
import { formula } from "./formula.js";
import { GradientPanels } from "./gradient.js";

const REGIONS = ["object", "rim", "far"];

/** What the weighting does, in a sentence. */
const morals = (several, object) => ({
  none:
    `Plain cross entropy spends nearly all its weight on background far from the ${object}, because that is where ` +
    "the pixels are.",
  balanced: several
    ? "Balancing gives every class the same total weight, however small it is, and takes it from the " +
      "rims: there a false positive costs next to nothing."
    : "Balancing gives the object half of the weight and takes it from its rim: there a false positive costs next to " +
      "nothing.",
  dilated: several
    ? "Dilation lifts the rim of every organ to the organ\u2019s own weight; where rims overlap, the smaller organ " +
      "wins the maximum."
    : "Dilation lifts the rim to the object\u2019s own weight: a false positive right beside it now costs as much as " +
      "a miss.",
});

const noMask = (several) => `<div class="nomask" hidden>
  <p>There ${several ? "are no labels" : "is no mask"} for this image yet. A loss compares a prediction with the truth:
  with ${several ? "labels" : "a mask"} you see the loss of every pixel, its weight, and the product of both.</p>
  <div>${
    several
      ? `<button type="button" class="primary" data-do="browse">Add its labels</button>
         <button type="button" data-tab="organs">See the predictions</button>`
      : `<button type="button" class="primary" data-do="paint-now">Paint a mask</button>
         <button type="button" data-do="browse">Add a mask file</button>
         <button type="button" data-tab="compare">See the predictions</button>`
  }</div></div>`;

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function anatomy(viewer) {
  const { config, state, several } = viewer;
  const magma = config.magma;
  const strip = viewer.$('[data-panels="anatomy"]');
  const image = new Panel(viewer, strip, "<b>(a)</b> image", { disk: true });
  const labels = new Panel(viewer, strip, "<b>(b)</b> labels, your disk", { disk: true });
  const entropy = new Panel(viewer, strip, "<b>(c)</b> cross entropy, nats", { scale: magma });
  const weight = new Panel(viewer, strip, "<b>(d)</b> weight", { scale: magma });
  const product = new Panel(viewer, strip, "<b>(e)</b> weight &times; cross entropy", { scale: magma });
  const gradient = new GradientPanels(viewer, strip, [entropy, product]);
  weight.figure.dataset.panel = "weight";
  image.figure.dataset.paint = labels.figure.dataset.paint = "";
  strip.insertAdjacentHTML("beforeend", noMask(several));
  const table = several ? config.colours.map(hex) : [BLACK, WHITE];
  const moral = morals(several, config.nouns.object);
  const charts = new RadiusCharts(viewer);
  let weights = new Float32Array(0);
  let products = new Float32Array(0);

  if (several) {
    const picker = viewer.$('[data-legend="weights"]');
    picker.hidden = false;
    picker.innerHTML = classPicker(config.classes, config.colours);
  }
  const spans = REGIONS.map((region) => `<span class="${region}"></span>`).join("");
  for (const [name, { title }] of Object.entries(config.weightings))
    viewer.$(".bars").insertAdjacentHTML(
      "beforeend",
      `<span class="name" data-weighting="${name}">${title}</span>
      <div class="bar" role="img" data-weighting="${name}">${spans}</div>`,
    );
  const { radius: paper, max_radius: last } = config;
  const ticks = new Map([0, paper, 50, 100, last].map((r) => [r, r === paper ? `<b>${r}</b> paper` : String(r)]));
  viewer.$(".ticks").innerHTML = [...ticks]
    .filter(([r]) => r || paper >= 15)
    .map(([r, text]) => `<span style="left:${(100 * r) / last}%">${text}</span>`)
    .join("");

  function drawShares() {
    const of = state.of === "loss" ? state.loss : null;
    const title = of ? `Where the loss of ${config.titles[of]} falls` : "Where the weight goes";
    viewer.$('[data-out="share-title"]').textContent = title;
    for (const [name, { title }] of Object.entries(config.weightings)) {
      const parts = viewer.study.shares(name, state.radius, of);
      const bar = viewer.$(`.bar[data-weighting="${name}"]`);
      parts.forEach((part, i) => {
        bar.children[i].style.flex = `${part} 0 0px`;
        bar.children[i].textContent = part >= 0.1 ? `${Math.round(100 * part)} %` : "";
      });
      const said = REGIONS.map((r, i) => `${r} ${percent(parts[i])} %`).join(", ");
      bar.setAttribute("aria-label", `${title}: ${said}`);
      bar.dataset.shares = parts.join(" ");
      viewer.$(`.name[data-weighting="${name}"]`).classList.toggle("on", name === state.weighting);
    }
    viewer.$(".moral").textContent = moral[state.weighting];
  }

  /** The mask that is being painted, over the image. */
  function drawPainting() {
    const { study } = viewer;
    const { context } = image;
    context.globalAlpha = 0.4;
    context.fillStyle = getComputedStyle(viewer.root).getPropertyValue("--object");
    for (let i = 0; i < study.count; i++)
      if (study.labels[i] && study.labels[i] !== IGNORE) context.fillRect(i % study.size, (i / study.size) | 0, 1, 1);
    context.globalAlpha = 1;
  }

  function drawLabels() {
    const { study } = viewer;
    const out = labels.words();
    for (let i = 0; i < out.length; i++) out[i] = table[study.labels[i]];
    labels.hatch();
    labels.tellIgnored();
    const held = study.classes.slice(1).filter((cls) => !several || study.areas[cls][0]);
    const whole = study.ignored ? "pixels that count" : "image";
    const said = held.map((cls) => {
      const area = study.areas[cls][0];
      return `${config.classes[cls]} ${grouped(area)} pixels, ${percent(area / study.valid)} percent of the ${whole}`;
    });
    const ignored = study.ignored ? `; ${grouped(study.ignored)} pixels ignored` : "";
    labels.show(`Labels: ${said.join("; ") || "background only"}${ignored}`);
  }

  /** @returns {number} the weighted loss of the image */
  function drawMaps(only) {
    const { study } = viewer;
    if (weights.length !== study.count) [weights, products] = [0, 0].map(() => new Float32Array(study.count));
    const ce = study.crossEntropy(state.loss);
    study.weightMap(state.weighting, state.radius, weights, only);
    let total = 0;
    for (let i = 0; i < products.length; i++) total += products[i] = weights[i] * ce[i];
    const top =
      state.scale === "own"
        ? { ce: largest(ce), w: largest(weights), wce: largest(products) }
        : study.tops(state.radius);
    const lines = state.outline ? { at: study.edge(), colour: styled(viewer.root, "object") } : null;
    const inMaps = state.opacity < 1 ? lines : null;
    const of = config.titles[state.loss];
    const said = {
      ce: `Cross entropy of the network trained with ${of}, 0 to ${digits(top.ce)} nats`,
      w: `Weight of every pixel, ${state.weighting}, at most ${digits(top.w)}`,
      wce: `Weighted loss of every pixel, at most ${digits(top.wce)}; in all ${digits(total)}`,
    };
    weight.map(weights, top.w, magma, said.w, lines);
    if (gradient.choose()) {
      gradient.draw(weights, inMaps);
      return total;
    }
    entropy.map(ce, top.ce, magma, said.ce, inMaps);
    product.map(products, top.wce, magma, said.wce, inMaps);
    return total;
  }

  function draw() {
    const { study } = viewer;
    image.showImage(`The image, ${study.size} by ${study.size} pixels`);
    viewer.$(".nomask").hidden = study.labelled;
    for (const panel of [labels, entropy, weight, product]) {
      panel.figure.hidden = !study.labelled;
      if (!study.labelled) panel.clear();
    }
    gradient.choose();
    if (!study.labelled) return;
    if (state.painting) drawPainting();
    drawLabels();
    const only = several ? state.cls : null;
    const weighting = config.weightings[state.weighting];
    const total = drawMaps(only);
    const absent = only !== null && !study.areas[only][0] ? `: not in this ${config.nouns.seen}` : "";
    const caption = only === null ? weighting.legend : `weight of the ${config.classes[only]}${absent}`;
    weight.caption.innerHTML = `<b>(d)</b> ${caption}`;
    for (const button of viewer.$$('[data-legend="weights"] button'))
      button.classList.toggle("absent", !study.areas[+button.dataset.class][0]);
    viewer.$('[data-out="radius"]').innerHTML = weighting.has_radius
      ? `R = ${state.radius}<small>px</small>`
      : `<small>loss</small> ${digits(total)}`;
    viewer.$(".slider").classList.toggle("off", !weighting.has_radius);
    drawShares();
    charts.draw();
  }

  function probe(pixel) {
    const { study } = viewer;
    if (study.labelled) viewer.$(".probe").innerHTML = formula(study, config, state, pixel);
  }

  return { draw, probe };
}
