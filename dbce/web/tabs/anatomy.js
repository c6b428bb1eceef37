// Fig. 1, alive: image, labels, cross entropy, weight, weighted loss, and where the weight goes.
import { weightsByCell } from "../core/cells.js";
import { IGNORE } from "../core/dilation.js";
import { factsAt, tallyOf, tallyOfClasses } from "../core/facts.js";
import { digits, grouped, percent } from "../core/format.js";
import { moral } from "../core/sentences.js";
import { weightMap } from "../core/weights.js";
import { BLACK, hex, largest, largestProduct, styled, WHITE } from "../parts/colour.js";
import { classPicker } from "../parts/legend.js";
import { Panel } from "../parts/panel.js";
import { RadiusCharts } from "../parts/radius_charts.js";
import { ShareBars } from "../parts/share_bars.js";
import { explained } from "../parts/term.js";
import { fill, hide, write } from "../parts/write.js";
import { formula } from "./formula.js";
import { GradientPanels } from "./gradient.js";
import { OwnLosses } from "./own_losses.js";

/** What a panel depends on: the weighting that is drawn, the network that was trained. */
const NETWORK = `<span class="tags"><span class="tag network"></span></span>`;
const WEIGHTING = `<span class="tags"><span class="tag weighting"></span></span>`;
const BOTH = `<span class="tags"><span class="tag weighting short"></span>
  <span class="tag network short"></span></span>`;

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
  const { config, state, several, nouns } = viewer;
  const { captions, magma } = config;
  const strip = viewer.$('[data-panels="anatomy"]');
  const image = new Panel(viewer, strip, `<b>(a)</b> ${captions.image}`, { disk: true });
  const labels = new Panel(viewer, strip, `<b>(b)</b> ${captions.labels}, your ${explained("disk")}`, { disk: true });
  const entropy = new Panel(viewer, strip, `<b>(c)</b> ${explained(captions.entropy)}${NETWORK}`, {
    scale: magma,
  });
  const weight = new Panel(viewer, strip, "<b>(d)</b> weight", { scale: magma });
  const product = new Panel(viewer, strip, `<b>(e)</b> ${captions.weighted}${BOTH}`, { scale: magma });
  const gradient = new GradientPanels(viewer, strip, [entropy, product]);
  for (const [name, { figure }] of Object.entries({ image, labels, entropy, weight, product }))
    figure.dataset.panel = name;
  image.figure.dataset.paint = labels.figure.dataset.paint = "";
  strip.insertAdjacentHTML("beforeend", noMask(several));
  const own = new OwnLosses(viewer, strip, NETWORK);
  const table = several ? config.colours.map(hex) : [BLACK, WHITE];
  const bars = new ShareBars(viewer);
  const charts = new RadiusCharts(viewer);
  viewer.$('[data-out="radius"]').innerHTML = "<span></span><small>px</small>";
  const shown = viewer.$('[data-out="radius"] span');
  let beside = new Float32Array(0); // weights that are not drawn
  /** Sums and losses of the weightings, with their radius where they have one, for these labels. */
  let kept = { labels: null, tallies: {}, totals: {} };
  let captioned = ""; // the caption of (d): written anew only where it changes, so that a term in it keeps its focus
  let weights = new Float32Array(0);
  let products = new Float32Array(0);

  if (several) {
    const picker = viewer.$('[data-legend="weights"]');
    picker.hidden = false;
    picker.innerHTML = classPicker(config.classes, config.colours);
  }
  const { radius: paper, max_radius: last } = config;
  const ticks = new Map([0, paper, 50, 100, last].map((r) => [r, r === paper ? `<b>${r}</b> paper` : String(r)]));
  viewer.$(".ticks").innerHTML = [...ticks]
    .filter(([r]) => r || paper >= 15)
    .map(([r, text]) => `<span style="left:${(100 * r) / last}%">${text}</span>`)
    .join("");

  /** @param {string} name of a weighting @returns {Float32Array} the weights of all classes */
  function weightsOf(name) {
    const { study } = viewer;
    if (name === state.weighting && state.cls === null) return weights;
    if (beside.length !== study.count) beside = new Float32Array(study.count);
    return study.weightMap(name, state.radius, beside);
  }

  /**
   * The sums of a weighting, and its weighted loss.
   * @param {string} key
   */
  function sumsOf(key) {
    const { study } = viewer;
    if (kept.labels !== study.labels) kept = { labels: study.labels, tallies: {}, totals: {} };
    const { tallies, totals } = kept;
    const which = config.weightings[key].has_radius ? `${key} ${state.radius}` : key;
    const of = `${which} ${state.loss}`;
    if (!(of in totals)) {
      const given = study.given(key, state.radius);
      if (!several && !(given instanceof Float32Array)) {
        const [object, rim, far] = study.parts(key, state.radius, state.loss);
        tallies[which] ??= tallyOfClasses(study, given);
        totals[of] = object + rim + far;
      } else {
        const [map, ce] = [weightsOf(key), study.crossEntropy(state.loss)];
        tallies[which] ??= tallyOf(study, map);
        totals[of] = 0;
        for (let i = 0; i < map.length; i++) totals[of] += map[i] * ce[i];
      }
    }
    return { tally: tallies[which], total: totals[of] };
  }

  function drawShares() {
    const { study } = viewer;
    const of = state.of === "loss" ? state.loss : null;
    const title = of ? captions.loss_shares.replace("{loss}", config.short[of]) : captions.weight_shares;
    write(viewer.found.one('[data-out="share-title"]'), title);
    for (const [key, { has_radius: hasRadius }] of Object.entries(config.weightings)) {
      const { tally, total } = sumsOf(key);
      const facts = factsAt(tally, state.radius);
      const shares = of ? study.shares(key, state.radius, of) : facts.shares;
      bars.drawBar(key, title, shares, facts.counts);
      bars.drawNumbers(key, facts, total);
      if (key !== state.weighting) continue;
      const loss = of && { title: config.titles[of], who: viewer.who(of), shares };
      const inSet = key === "balanced_set" ? 1 - config.frequencies[0] : undefined;
      write(viewer.found.one(".moral"), moral(facts, { key, hasRadius, inSet }, nouns, loss));
    }
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
    if (labels.shows(study.labels)) return;
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

  /**
   * What the maps of weight and weighted loss show, and how they are drawn: cell by cell where a pixel's weight follows
   * from its cell, else pixel by pixel.
   * @param {number | null} only the weight of one class
   */
  function mapsOf(only) {
    const { study } = viewer;
    const ce = study.crossEntropy(state.loss);
    const given = study.given(state.weighting, state.radius);
    if (!several && state.map !== "gradient" && !(given instanceof Float32Array)) {
      const cells = study.cells();
      const by = weightsByCell(given);
      const losses = study.largestByCell(state.loss);
      const { tally, total } = sumsOf(state.weighting);
      return {
        most: { ce: largest(losses), w: tally.high, wce: largestProduct(losses, by) },
        total,
        drawWeight: (top, text, lines) => weight.byCell(cells, by, top, magma, text, lines),
        drawProduct: (top, text, lines) => product.weighted(cells, by, ce, top, magma, text, lines),
      };
    }
    if (weights.length !== study.count) [weights, products] = [0, 0].map(() => new Float32Array(study.count));
    weightMap(study, given, weights, only);
    for (let i = 0; i < products.length; i++) products[i] = weights[i] * ce[i];
    return {
      most: { ce: largest(ce), w: largest(weights), wce: largest(products) },
      total: products.reduce((sum, part) => sum + part, 0),
      drawWeight: (top, text, lines) => weight.map(weights, top, magma, text, lines),
      drawProduct: (top, text, lines) => product.map(products, top, magma, text, lines),
    };
  }

  function drawMaps(only) {
    const { study } = viewer;
    const { most, total, drawWeight, drawProduct } = mapsOf(only);
    const top = state.scale === "own" ? most : study.tops(state.radius);
    const lines = state.outline ? { at: study.edge(), colour: styled(viewer.root, "object") } : null;
    const inMaps = state.opacity < 1 ? lines : null;
    const weighed = `Weight of every pixel, ${config.weightings[state.weighting].name}, at most ${digits(top.w)}`;
    drawWeight(top.w, weighed, lines);
    own.draw(inMaps);
    if (gradient.choose()) {
      gradient.draw(weights, inMaps);
      return;
    }
    const ce = study.crossEntropy(state.loss);
    const lost = `Cross entropy of ${viewer.who(state.loss)}, 0 to ${digits(top.ce)} nats`;
    if (!entropy.shows(ce, top.ce, inMaps?.at, inMaps?.colour)) entropy.map(ce, top.ce, magma, lost, inMaps);
    const both = `Weighted loss of every pixel, at most ${digits(top.wce)}; in all ${digits(total)}`;
    drawProduct(top.wce, both, inMaps);
  }

  function draw() {
    const { study } = viewer;
    const stale = !image.shows(state.painting && study.labels);
    if (stale) image.showImage(`The image, ${study.size} by ${study.size} pixels`);
    hide(viewer.found.one(".nomask"), study.labelled);
    for (const panel of [labels, entropy, weight, product]) {
      hide(panel.figure, !study.labelled);
      if (!study.labelled) panel.clear();
    }
    gradient.choose();
    if (!study.labelled) return own.draw(null);
    if (state.painting && stale) drawPainting();
    drawLabels();
    const only = several ? state.cls : null;
    const weighting = config.weightings[state.weighting];
    drawMaps(only);
    const absent = only !== null && !study.areas[only][0] ? `: not in this ${config.nouns.seen}` : "";
    const caption = only === null ? weighting.legend : `weight of the ${config.classes[only]}${absent}`;
    if (captioned !== caption) weight.caption.innerHTML = `<b>(d)</b> ${explained(caption)}${WEIGHTING}`;
    captioned = caption;
    for (const [kind, text] of [
      ["weighting", weighting.name],
      ["network", config.short[state.loss]],
    ])
      for (const tag of viewer.found.all(`#view-anatomy figure .tag.${kind}`))
        write(tag, tag.classList.contains("short") ? text : `${kind}: ${text}`);
    for (const button of viewer.found.all('[data-legend="weights"] button'))
      button.classList.toggle("absent", !study.areas[+button.dataset.class][0]);
    const taught = weighting.trained.map((loss) => config.titles[loss]).join(", ");
    write(
      viewer.found.one('[data-out="taught"]'),
      taught ? `; trained with it: ${taught}` : "; no network is trained with it",
    );
    write(shown, `R = ${state.radius}`);
    for (const part of [".slider", '[data-out="radius"]'])
      viewer.found.one(part).classList.toggle("off", !weighting.has_radius);
    drawShares();
    charts.draw();
  }

  function probe(pixel) {
    const { study } = viewer;
    if (study.labelled) fill(viewer.found.one(".probe"), formula(study, config, state, pixel) + own.probe(pixel));
  }

  return { draw, probe };
}
