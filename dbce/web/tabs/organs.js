// Fig. 4, alive: one slice through four networks of several classes; label maps, wrong pixels, Dice of every organ.

(() => {
  const MANY = CONFIG.classes.length > 2;
  $("#tab-organs").hidden = !MANY;
  $("#tab-compare").hidden = MANY;
  if (!MANY) return;
  const rail = $('[data-panels="organ-rail"]');
  const image = new Panel(rail, "slice");
  const truth = new Panel(rail, "ground truth");
  const models = {};
  const table = CONFIG.colours.map(hex);
  const organs = CONFIG.classes.map((name, cls) => ({ name, cls })).slice(1);

  const box = $('[data-legend="classes"]');
  box.innerHTML = organs.map(({ name, cls }) => `<button type="button" data-class="${cls}" aria-pressed="false"><i style="background:${CONFIG.colours[cls]}"></i>${name}</button>`).join("");

  function column(loss) {
    const section = document.createElement("section");
    section.className = "model";
    section.dataset.loss = loss;
    section.innerHTML = `<h3>${CONFIG.titles[loss]}</h3>`;
    $('[data-panels="organs"]').append(section);
    const labels = new Panel(section, "label map");
    section.insertAdjacentHTML("beforeend", `<div class="chips" data-needs="mask"></div>`);
    const errors = new Panel(section, "wrong pixels");
    const row = (key, name) => `<tr data-score="${key}"><th scope="row">${name}</th><td></td></tr>`;
    section.insertAdjacentHTML("beforeend", `<table data-needs="mask"><caption class="hide">Dice of ${CONFIG.titles[loss]} in percent</caption><tbody>
      ${row("mean", "Mean Dice")}${organs.map(({ name, cls }) => row(cls, `<button type="button" class="plain" data-class="${cls}">${name}</button>`)).join("")}</tbody></table>`);
    labels.caption = labels.figure.querySelector("figcaption");
    return { section, labels, errors };
  }

  // Labels in the colours of the classes; with a class picked, the others step back.
  function paintLabels(panel, labels, text) {
    const out = panel.words();
    const pale = table.map((colour, cls) => (state.cls === null || cls === state.cls ? colour : mix(colour, table[0], cls ? 70 : 256)));
    if (state.shape === "outline") {
      out.set(photo);
      for (const { cls } of organs) {
        if (state.cls !== null && cls !== state.cls) continue;
        for (const i of outline((i) => labels[i] === cls, study.size)) out[i] = table[cls];
      }
    } else for (let i = 0; i < out.length; i++) out[i] = pale[labels[i]];
    if (labels === study.labels) {
      panel.hatch();
      panel.tellIgnored();
    }
    panel.show(text, true);
  }

  function paintErrors(panel, found, text) {
    const out = panel.words();
    const wrong = colour("fp");
    const { cls } = state;
    for (let i = 0; i < out.length; i++) {
      const real = study.labels[i];
      const bad = real !== IGNORE && real !== found[i] && (cls === null || real === cls || found[i] === cls);
      out[i] = bad ? wrong : mix(photo[i], BLACK, 110);
    }
    panel.hatch();
    panel.show(text);
  }

  function draw() {
    image.image(`The slice, ${study.size} by ${study.size} pixels`);
    truth.figure.hidden = !study.labels;
    if (!study.labels) truth.clear();
    if (study.labels) paintLabels(truth, study.labels, `Ground truth: ${organs.filter(({ cls }) => study.areas[cls][0]).map(({ name }) => name).join(", ") || "no organ"}`);
    const visible = study.losses.filter((loss) => state.shown.includes(loss));
    $('[data-panels="organs"]').style.setProperty("--columns", visible.length);
    const results = {};
    for (const loss of study.losses) {
      const model = (models[loss] ||= column(loss));
      model.section.hidden = !visible.includes(loss);
      if (model.section.hidden) continue;
      const found = study.found[loss];
      model.errors.figure.hidden = !study.labels;
      for (const part of model.section.querySelectorAll("[data-needs=mask]")) part.hidden = !study.labels;
      if (!study.labels) {
        model.errors.clear();
        paintLabels(model.labels, found, `Label map of ${CONFIG.titles[loss]}`);
        continue;
      }
      const result = (results[loss] = study.compareLabels(study.labels, found, state.radius));
      const { rim, far, missed, confused } = result.errors;
      const chip = (n, kind, word) => `<span class="${kind} ${n ? "some" : ""}">${grouped(n)} ${word}</span>`;
      model.section.querySelector(".chips").innerHTML = chip(rim, "false", "in rim") + chip(far, "false", "far") + chip(missed, "miss", "missed") + chip(confused, "mixed", "wrong organ");
      paintLabels(model.labels, found, `Label map of ${CONFIG.titles[loss]}; mean Dice ${percent(result.mean)} percent`);
      paintErrors(model.errors, found, `Wrong pixels of ${CONFIG.titles[loss]}: ${rim} in the rim, ${far} far away, ${missed} missed, ${confused} of a wrong organ`);
    }
    fill(results);
    drawAgreement(visible);
  }

  // The tables: Dice by organ, the best of a row marked, rows of organs that nobody sees left out.
  function fill(results) {
    for (const key of ["mean", ...organs.map(({ cls }) => cls)]) {
      const value = (result) => (key === "mean" ? result.mean : result.scores[key]?.dice);
      const values = Object.values(results).map(value).filter((v) => v !== undefined);
      const best = Math.max(...values.map((v) => +percent(v)));
      for (const [loss, result] of Object.entries(results)) {
        const row = models[loss].section.querySelector(`[data-score="${key}"]`);
        const cell = row.querySelector("td");
        const v = value(result);
        row.hidden = !values.length;
        row.classList.toggle("picked", key === state.cls);
        cell.textContent = v === undefined ? "\u2013" : percent(v);
        cell.dataset.value = v ?? "";
        cell.classList.toggle("best", v !== undefined && +percent(v) === best);
      }
    }
  }

  // Without labels: what the networks say of each other.
  function drawAgreement(losses) {
    const card = $(".agreement.many");
    card.hidden = Boolean(study.labels);
    if (study.labels) return;
    const agree = (a, b) => percent(study.compareLabels(study.found[a], study.found[b]).mean);
    const head = losses.slice(1).map((b) => `<td>${CONFIG.titles[b]}</td>`).join("");
    const rows = losses.slice(0, -1).map((a, i) => `<tr><th scope="row">${CONFIG.titles[a]}</th>` +
      losses.slice(1).map((b, j) => `<td>${j >= i ? agree(a, b) : ""}</td>`).join("") + "</tr>").join("");
    card.innerHTML = `<h2>How far the networks agree</h2><table><tr><th>Mean Dice between two label maps, %</th>${head}</tr>${rows}</table>
      <p>Agreement is not correctness. Labels would add the loss maps, the wrong pixels and the Dice of every organ.${CONFIG.drawn ? " These networks have seen drawn phantoms only: on a patient\u2019s scan expect little." : ""}</p>`;
  }

  // What every network says of this pixel.
  function probe(pixel) {
    const i = pixel && pixel.y * study.size + pixel.x;
    const say = (cls) => `<b>${CONFIG.classes[cls] ?? "ignored"}</b>`;
    truth.figure.querySelector("figcaption").innerHTML = "ground truth" + (pixel && study.labels ? ` ${say(study.labels[i])}` : "");
    for (const loss of study.losses) {
      const model = models[loss];
      if (!model || model.section.hidden) continue;
      const p = pixel && study.labels && study.labels[i] !== IGNORE ? `, p of the truth ${digits(Math.exp(-study.crossEntropy(loss)[i]))}` : "";
      model.labels.caption.innerHTML = pixel ? say(study.found[loss][i]) + p : "label map";
    }
  }

  tabs.organs = { draw, probe };
})();
