// Fig. 5, alive: how the score moves with the radius in our own runs, and what the radius does to this image.
import { percent } from "../core/format.js";
import { Chart } from "../parts/chart.js";
import { largest, styled } from "../parts/colour.js";
import { Panel } from "../parts/panel.js";
import { explained } from "../parts/term.js";

const NONE = `<h2>Dice against R</h2><p class="quiet">Not measured yet for this task. <code>python -m dbce radius</code>
  scores finished runs of several radii and draws the curve here.</p>`;

/** The measured curve as SVG. */
function curve({ points, ce }, chart) {
  const dice = points.map((point) => point.dice);
  const all = ce ? [...dice, ce.dice] : dice;
  const [low, high] = [Math.floor(Math.min(...all) - 0.5), Math.ceil(Math.max(...all) + 0.5)];
  const part = (value) => (value - low) / (high - low);
  const step = Math.max(1, Math.ceil((high - low) / 5));
  /** @type {[number, string][]} */
  const levels = [];
  for (let v = low; v <= high; v += step) levels.push([part(v), String(v)]);
  const dots = points.map(
    (p) =>
      `<circle cx="${chart.x(p.radius)}" cy="${chart.y(part(p.dice))}" r="4.5">` +
      `<title>R = ${p.radius}: Dice ${p.dice.toFixed(2)} %</title></circle>`,
  );
  const path = chart.line(
    dice.map(part),
    points.map((p) => p.radius),
  );
  const { left, right } = chart.inner;
  const at = ce ? chart.y(part(ce.dice)) : 0;
  const beside = ce
    ? `<path class="beside" d="M${left} ${at}H${right}"/>
      <text class="beside" x="${right - 4}" y="${at + 16}" text-anchor="end">CE ${ce.dice.toFixed(1)}</text>`
    : "";
  const said = points.map((p) => `R ${p.radius} ${p.dice.toFixed(1)} %`).join(", ");
  const label = `Dice against radius: ${said}${ce ? `; CE, which has no radius, ${ce.dice.toFixed(1)} %` : ""}`;
  return chart.svg(`${beside}<path class="of-object" d="${path}"/>${dots.join("")}`, levels, label);
}

/** What the curve says, in words. */
function finding({ points, ce }) {
  const best = points.reduce((a, b) => (b.dice > a.dice ? b : a));
  const [first, last] = [points[0], points.at(-1)];
  const at = (p) => `${p.dice.toFixed(1)} % at R = ${p.radius} px${p === best ? " (the highest)" : ""}`;
  const change = (name) => `from ${first[name].toFixed(1)} to ${best[name].toFixed(1)} %`;
  const why =
    best !== first && best.recall !== undefined
      ? ` Precision goes ${change("precision")}, recall ${change("recall")}, between the first and the best.`
      : "";
  const trained = ce && (ce.seeds > 1 ? `the mean of ${ce.seeds} trainings` : "one training");
  const above = ce && points.filter(({ dice }) => dice > ce.dice).map(({ radius: r }) => r);
  const beside = ce
    ? ` CE, trained alike, reaches ${ce.dice.toFixed(1)} % (${trained}); above it: ${
        above.length ? `R = ${above.join(", ")}` : "no radius"
      }.`
    : "";
  return `Measured here, one run a radius: ${[...new Set([first, best, last])].map(at).join(", ")}.${why}${beside}`;
}

/** What dilation and the image's balance do by themselves, where that was measured at this recipe. */
const parts = (sentences) => `<h2>What each part of the loss does</h2>
  <p>Two things set it apart from balanced CE: it weighs by the areas of the image, not of the data set, and it dilates.
    Trained with neither, one or both, at the recipe of this curve:</p>
  <ul>${sentences.map((sentence) => `<li>${explained(sentence)}</li>`).join("")}</ul>`;

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function radius(viewer) {
  const { config, state } = viewer;
  const { radii } = config;
  const last = config.max_radius;
  const result = config.radius_curve;
  const card = viewer.$(".measured");
  const strip = viewer.$('[data-panels="radius"]');
  const buffers = radii.map(() => new Float32Array(0));
  const panels = radii.map((r) => {
    const panel = new Panel(viewer, strip, "", { scale: config.magma });
    panel.figure.insertAdjacentHTML("beforeend", `<button type="button" data-radius="${r}">R = ${r} px</button>`);
    return panel;
  });
  const ticks = [0, 20, 50, 100, last];
  const chart = new Chart({ width: 640, height: 300, last, ticks, title: "R, px at 320 \u00d7 320" });
  card.innerHTML = result
    ? `<h2>${explained(`Dice on ${result.test_data}`)}, %, against R <em>${explained(result.label)}</em></h2>
      <div class="measure">${curve(result, chart)}</div>
      <p class="quiet">${result.setting} Made by <code>${result.command}</code>.</p>`
    : NONE;
  if (result) viewer.$(".finding").textContent = finding(result);
  if (result?.parts) {
    viewer.$(".loss-parts").hidden = false;
    viewer.$(".loss-parts").innerHTML = parts(result.parts);
  }

  function draw() {
    const { study } = viewer;
    chart.mark(card, state.radius);
    if (!study.labelled) {
      for (const panel of panels) panel.clear();
      return;
    }
    const lines = { at: study.edge(), colour: styled(viewer.root, "object") };
    const maps = radii.map((r, k) => {
      if (buffers[k].length !== study.count) buffers[k] = new Float32Array(study.count);
      return study.weightMap("dilated", r, buffers[k]);
    });
    const tops = maps.map(largest);
    const shared = Math.max(...tops);
    radii.forEach((r, k) => {
      const [object, rim, far] = study.shares("dilated", r).map(percent);
      const text = `Weight at radius ${r}: object ${object}, rim ${rim}, far ${far} percent of the total`;
      panels[k].map(maps[k], state.scale === "own" ? tops[k] : shared, config.magma, text, lines);
      panels[k].caption.innerHTML = `rim <b>${rim} %</b> of the weight`;
      panels[k].figure.querySelector("button").setAttribute("aria-pressed", String(r === state.radius));
    });
  }

  strip.addEventListener("click", ({ target }) => {
    if (target.dataset.radius !== undefined) viewer.setRadius(+target.dataset.radius);
  });
  return { draw };
}
