// Figs. 2 and 3, alive: the same image through four networks that differ in nothing but the loss.

(() => {
  const rail = $('[data-panels="rail"]');
  const image = new Panel(rail, "image");
  const truth = new Panel(rail, "ground truth");
  const models = {};

  function column(loss) {
    const box = document.createElement("section");
    box.className = "model";
    box.dataset.loss = loss;
    box.innerHTML = `<h3>${CONFIG.titles[loss]}</h3>`;
    $('[data-panels="compare"]').append(box);
    const prediction = new Panel(box, "prediction");
    box.insertAdjacentHTML("beforeend", `<div class="chips" data-needs="mask"></div>`);
    const probability = new Panel(box, "probability", { scale: GREY });
    box.insertAdjacentHTML("beforeend", `<table data-needs="mask"><caption class="hide">Scores of ${CONFIG.titles[loss]} in percent</caption><tbody>
      ${Object.entries(CONFIG.scores).map(([key, name]) => `<tr data-score="${key}"><th scope="row">${name}</th><td></td></tr>`).join("")}</tbody></table>`);
    return { box, prediction, probability, values: new Float32Array(study.count) };
  }

  function drawPrediction(panel, loss, limit) {
    const out = panel.words();
    const logit = study.logits[loss];
    const [tp, fp, fn] = ["tp", "fp", "fn"].map(colour);
    const hatch = state.palette === "safe"; // a second sign beside the colour
    const { size, labels } = study;
    for (let i = 0; i < out.length; i++) {
      const found = logit[i] > limit;
      const real = labels ? labels[i] : found;
      if (found) out[i] = real ? tp : fp;
      else out[i] = real ? fn : BLACK;
      if (hatch && labels && found !== Boolean(real) && ((i % size) + (found ? 1 : size - 1) * ((i / size) | 0)) % 6 === 0) out[i] = BLACK;
    }
  }

  function draw() {
    const { size, count, labels } = study;
    const limit = study.limit(state.threshold);
    image.image(`The image, ${size} by ${size} pixels`);
    truth.figure.hidden = !labels;
    if (labels) {
      const out = truth.words();
      for (let i = 0; i < count; i++) out[i] = labels[i] ? WHITE : BLACK;
      truth.show(`Ground truth: ${grouped(study.areas[1][0])} pixels`);
    }
    $('.rail [data-out="threshold"]').textContent = state.threshold.toFixed(2);
    const results = {};
    for (const loss of study.losses) {
      const model = (models[loss] ||= column(loss));
      drawPrediction(model.prediction, loss, limit);
      const logit = study.logits[loss];
      for (let i = 0; i < count; i++) model.values[i] = sigmoid(logit[i] * study.step);
      model.probability.map(model.values, 1, GREY, `Probability map of ${CONFIG.titles[loss]}`);
      for (const part of model.box.querySelectorAll("[data-needs=mask]")) part.hidden = !labels;
      if (!labels) {
        model.prediction.show(`Prediction of ${CONFIG.titles[loss]}`);
        continue;
      }
      results[loss] = study.compare(loss, state.radius, state.threshold);
      const { rim, far, missed } = results[loss].errors;
      const chip = (n, kind, word) => `<span class="${kind} ${n ? "some" : ""}">${grouped(n)} ${word}</span>`;
      model.box.querySelector(".chips").innerHTML = chip(rim, "false", "in rim") + chip(far, "false", "far") + chip(missed, "miss", "missed");
      const { scores } = results[loss];
      model.prediction.show(`${CONFIG.titles[loss]}: ${rim} false positive pixels in the rim, ${far} far away, ${missed} missed; Dice ${percent(scores.dice)} percent`);
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
    const { losses } = study;
    const head = losses.slice(1).map((b) => `<td>${CONFIG.titles[b]}</td>`).join("");
    const rows = losses.slice(0, -1).map((a, i) => `<tr><th scope="row">${CONFIG.titles[a]}</th>` +
      losses.slice(1).map((b, j) => `<td>${j >= i ? percent(study.agreement(a, b, state.threshold)) : ""}</td>`).join("") + "</tr>").join("");
    card.innerHTML = `<h2>How far the networks agree</h2><table><tr><th>Dice between two predictions, %</th>${head}</tr>${rows}</table>
      <p>Agreement is not correctness: four networks can share one mistake. A mask would add the loss maps, false positives and misses in colour, and Dice, IoU, precision and recall.</p>`;
  }

  tabs.compare = { draw };
})();
