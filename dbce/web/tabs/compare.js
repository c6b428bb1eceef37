// Figs. 2 and 3, alive: the same image through four networks that differ in nothing but the loss.

(() => {
  const rail = $('[data-panels="rail"]');
  const image = new Panel(rail, "image");
  const truth = new Panel(rail, "ground truth");
  const models = {};
  const NAMES = { probability: "Probability map", entropy: "Cross entropy", weighted: "Weighted loss" };
  const LAYERS = ["tp", "fp", "fn"];
  const BELOW = { probability: "probability", entropy: "cross entropy, nats", weighted: "weight &times; cross entropy" };
  const LEGEND = {
    fill: { tp: ["tp", "found"], fp: ["fp", "false positive"], fn: ["fn", "missed (false negative)"] },
    outline: { fp: ["object", "outline of the prediction"], fn: ["tp", "outline of the ground truth"] },
  };
  let weight = null;

  function drawLegend() {
    const entries = Object.entries(LEGEND[state.shape]).filter(([name]) => study.labels || name === (state.shape === "fill" ? "tp" : "fp"));
    const unjudged = study.ignored && state.shape === "fill" ? `<li><i class="ignored"></i>ignored</li>` : "";
    const key = entries.map(([, [, text]]) => text).join() + unjudged;
    const list = $('[data-legend="errors"]');
    if (list.dataset.key !== key) {
      list.dataset.key = key;
      list.innerHTML = entries.map(([name, [swatch, text]]) => `<li><label class="check"><input type="checkbox" name="layers" value="${name}"><i class="${swatch}"></i>${text}</label></li>`).join("") + unjudged;
    }
    for (const input of list.querySelectorAll("input")) input.checked = state.layers.includes(input.value);
  }

  function column(loss) {
    const box = document.createElement("section");
    box.className = "model";
    box.dataset.loss = loss;
    box.innerHTML = `<h3>${CONFIG.titles[loss]}</h3>`;
    $('[data-panels="compare"]').append(box);
    const prediction = new Panel(box, "prediction");
    box.insertAdjacentHTML("beforeend", `<div class="chips" data-needs="mask"></div>`);
    const below = { probability: new Panel(box, "probability", { scale: GREY }) };
    for (const [name, caption] of Object.entries(BELOW)) below[name] ||= new Panel(box, caption, { scale: MAGMA });
    for (const panel of Object.values(below)) panel.caption = panel.figure.querySelector("figcaption");
    box.insertAdjacentHTML("beforeend", `<table data-needs="mask"><caption class="hide">Scores of ${CONFIG.titles[loss]} in percent</caption><tbody>
      ${Object.entries(CONFIG.scores).map(([key, name]) => `<tr data-score="${key}"><th scope="row">${name}</th><td></td></tr>`).join("")}</tbody></table>`);
    return { box, prediction, below, values: new Float32Array(study.count) };
  }

  function drawPrediction(panel, loss, limit) {
    const out = panel.words();
    const logit = study.logits[loss];
    const [tp, fp, fn, line] = ["tp", "fp", "fn", "object"].map(colour);
    const on = Object.fromEntries(LAYERS.map((name) => [name, state.layers.includes(name)]));
    const { size, labels } = study;
    if (state.shape === "outline") {
      out.set(photo);
      if (labels && on.fn) for (const i of study.edge()) out[i] = tp;
      if (on.fp) for (const i of outline((i) => logit[i] > limit, size)) out[i] = line;
      return;
    }
    const hatch = state.palette === "safe"; // a second sign beside the colour
    for (let i = 0; i < out.length; i++) {
      const found = logit[i] > limit;
      const real = labels ? labels[i] : found;
      if (found) out[i] = real ? (on.tp ? tp : BLACK) : on.fp ? fp : BLACK;
      else out[i] = real && on.fn ? fn : BLACK;
      if (hatch && labels && found !== Boolean(real) && ((i % size) + (found ? 1 : size - 1) * ((i / size) | 0)) % 6 === 0) out[i] = BLACK;
    }
    panel.hatch();
  }

  // The maps below the predictions; they stay while only the threshold moves.
  let drawn = null;
  function drawBelow(visible, below) {
    const weighted = below === "weighted" && [state.weighting, state.weighting === "dilated" && state.radius].join();
    const now = [study, study.labels, below, weighted, state.scale, state.opacity, visible.join()];
    if (drawn && now.every((part, i) => part === drawn[i])) return;
    drawn = now;
    if (weighted) weight = study.weightMap(state.weighting, state.radius, weight || undefined);
    for (const loss of visible) {
      const { values } = models[loss];
      const logit = study.logits[loss];
      if (below === "probability") for (let i = 0; i < values.length; i++) values[i] = sigmoid(logit[i] * study.step);
      else values.set(study.crossEntropy(loss));
      if (weighted) for (let i = 0; i < values.length; i++) values[i] *= weight[i];
    }
    const tops = visible.map((loss) => (below === "probability" ? 1 : largest(models[loss].values)));
    const shared = Math.max(...tops);
    visible.forEach((loss, k) => {
      const panels = models[loss].below;
      for (const [name, panel] of Object.entries(panels)) panel.figure.hidden = name !== below;
      panels[below].map(models[loss].values, state.scale === "own" ? tops[k] : shared, below === "probability" ? GREY : MAGMA, `${NAMES[below]} of ${CONFIG.titles[loss]}`);
    });
  }

  function draw() {
    const { size, count, labels } = study;
    const limit = study.limit(state.threshold);
    image.image(`The image, ${size} by ${size} pixels`);
    truth.figure.hidden = !labels;
    if (labels) {
      const out = truth.words();
      for (let i = 0; i < count; i++) out[i] = labels[i] ? WHITE : BLACK;
      truth.hatch();
      truth.tellIgnored();
      truth.show(`Ground truth: ${grouped(study.areas[1][0])} pixels`);
    }
    $('.rail [data-out="threshold"]').textContent = state.threshold.toFixed(2);
    drawLegend();
    $('[data-field="below"]').hidden = !labels;
    const results = {};
    for (const loss of study.losses) {
      const model = (models[loss] ||= column(loss));
      model.box.hidden = !state.shown.includes(loss);
    }
    const visible = study.losses.filter((loss) => state.shown.includes(loss));
    $('[data-panels="compare"]').style.setProperty("--columns", visible.length);
    drawBelow(visible, labels ? state.below : "probability");
    for (const loss of visible) {
      const model = models[loss];
      drawPrediction(model.prediction, loss, limit);
      for (const part of model.box.querySelectorAll("[data-needs=mask]")) part.hidden = !labels;
      if (!labels) {
        model.prediction.show(`Prediction of ${CONFIG.titles[loss]}`, true);
        continue;
      }
      results[loss] = study.compare(loss, state.radius, state.threshold);
      const { rim, far, missed } = results[loss].errors;
      const chip = (n, kind, word) => `<span class="${kind} ${n ? "some" : ""}">${grouped(n)} ${word}</span>`;
      model.box.querySelector(".chips").innerHTML = chip(rim, "false", "in rim") + chip(far, "false", "far") + chip(missed, "miss", "missed");
      const { scores } = results[loss];
      model.prediction.show(`${CONFIG.titles[loss]}: ${rim} false positive pixels in the rim, ${far} far away, ${missed} missed; Dice ${percent(scores.dice)} percent`, true);
    }
    for (const key of Object.keys(CONFIG.scores)) {
      const best = Math.max(...Object.values(results).map((r) => +percent(r.scores[key])));
      for (const [loss, result] of Object.entries(results)) {
        const cell = models[loss].box.querySelector(`[data-score="${key}"] td`);
        cell.textContent = percent(result.scores[key]);
        cell.dataset.value = result.scores[key];
        cell.classList.toggle("best", +percent(result.scores[key]) === best);
      }
    }
    drawAgreement();
  }

  // Without a mask: what the networks say of each other.
  function drawAgreement() {
    const card = $(".agreement");
    card.hidden = Boolean(study.labels);
    if (study.labels) return;
    const losses = study.losses.filter((loss) => state.shown.includes(loss));
    const head = losses.slice(1).map((b) => `<td>${CONFIG.titles[b]}</td>`).join("");
    const rows = losses.slice(0, -1).map((a, i) => `<tr><th scope="row">${CONFIG.titles[a]}</th>` +
      losses.slice(1).map((b, j) => `<td>${j >= i ? percent(study.agreement(a, b, state.threshold)) : ""}</td>`).join("") + "</tr>").join("");
    card.innerHTML = `<h2>How far the networks agree</h2><table><tr><th>Dice between two predictions, %</th>${head}</tr>${rows}</table>
      <p>Agreement is not correctness: four networks can share one mistake. A mask would add the loss maps, false positives and misses in colour, and Dice, IoU, precision and recall.</p>`;
  }

  // What every network says of this pixel.
  function probe(pixel) {
    for (const loss of study.losses) {
      const model = models[loss];
      if (!model || model.box.hidden) continue;
      const i = pixel && pixel.y * study.size + pixel.x;
      const ignored = pixel && study.labels?.[i] === IGNORE;
      const p = pixel && sigmoid(study.logits[loss][i] * study.step);
      const value = { probability: () => `p = ${digits(p)}`, entropy: () => (ignored ? "ignored" : `${digits(model.values[i])} nats`), weighted: () => (ignored ? "ignored" : digits(model.values[i])) };
      for (const [name, panel] of Object.entries(model.below)) panel.caption.innerHTML = BELOW[name] + (pixel && !panel.figure.hidden ? ` <b>${value[name]()}</b>` : "");
    }
  }

  tabs.compare = { draw, probe };
})();
