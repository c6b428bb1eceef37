// Fig. 1, alive: image, labels, cross entropy, weight, weighted loss, and where the weight goes.

(() => {
  const strip = $('[data-panels="anatomy"]');
  const image = new Panel(strip, "<b>(a)</b> image", { disk: true });
  const labels = new Panel(strip, "<b>(b)</b> labels, your disk", { disk: true });
  const entropy = new Panel(strip, "<b>(c)</b> cross entropy, nats", { scale: MAGMA });
  const weight = new Panel(strip, "<b>(d)</b> weight", { scale: MAGMA });
  const product = new Panel(strip, "<b>(e)</b> weight &times; cross entropy", { scale: MAGMA });
  weight.figure.dataset.panel = "weight";
  image.figure.dataset.paint = labels.figure.dataset.paint = "";
  const buffers = {};
  const several = CONFIG.classes.length > 2;
  const table = several ? CONFIG.colours.map(hex) : [BLACK, WHITE];
  const object = CONFIG.nouns.object;
  const ways = several
    ? '<button type="button" class="primary" data-do="browse">Add its labels</button><button type="button" data-tab="organs">See the predictions</button>'
    : '<button type="button" class="primary" data-do="paint-now">Paint a mask</button><button type="button" data-do="browse">Add a mask file</button><button type="button" data-tab="compare">See the predictions</button>';
  const missing = several ? "labels" : "a mask";
  strip.insertAdjacentHTML("beforeend", `<div class="nomask" hidden>
    <p>There ${several ? "are no labels" : "is no mask"} for this image yet. A loss compares a prediction with the truth: with ${missing} you see the loss of every pixel, its weight, and the product of both.</p>
    <div>${ways}</div>
  </div>`);

  const NAMES = { none: "CE", balanced: "Balanced CE", dilated: "Dilated" };
  const WEIGHT = {
    none: "weight 1/N, every pixel alike",
    balanced: "weight 1/area of its own class",
    dilated: "weight M = max W<sup>c</sup>",
  };
  const MORAL = {
    none: `Plain cross entropy spends nearly all its weight on background far from the ${object}, because that is where the pixels are.`,
    balanced: several
      ? "Balancing gives every class in the slice the same total weight, however small it is, and takes it from the rims: there a false positive costs next to nothing."
      : "Balancing gives the object half of the weight and takes it from its rim: there a false positive costs next to nothing.",
    dilated: several
      ? "Dilation lifts the rim of every organ to the organ\u2019s own weight; where rims overlap, the smaller organ wins the maximum."
      : "Dilation lifts the rim to the object\u2019s own weight: a false positive right beside it now costs as much as a miss.",
  };
  const REGIONS = ["object", "rim", "far"];
  if (several) {
    const picker = $('[data-legend="weights"]');
    picker.hidden = false;
    picker.innerHTML = CONFIG.classes.map((name, cls) => cls ? `<button type="button" data-class="${cls}" aria-pressed="false"><i style="background:${CONFIG.colours[cls]}"></i>${name}</button>` : "").join("");
  }

  for (const name of WEIGHTINGS) {
    $(".bars").insertAdjacentHTML("beforeend", `<span class="name" data-weighting="${name}">${NAMES[name]}</span>
      <div class="bar" role="img" data-weighting="${name}">${REGIONS.map((r) => `<span class="${r}"></span>`).join("")}</div>`);
  }
  const { radius: paper, max_radius: last } = CONFIG;
  $(".ticks").innerHTML = [[0, "0"], [paper, `<b>${paper}</b> paper`], [50, 50], [100, 100], [last, last]].filter(([r]) => r || paper >= 15)
    .map(([r, text]) => `<span style="left:${(100 * r) / last}%">${text}</span>`).join("");

  function drawShares() {
    const of = state.of === "loss" ? state.loss : null;
    $('[data-out="share-title"]').textContent = of ? `Where the loss of ${CONFIG.titles[of]} falls` : "Where the weight goes";
    for (const name of WEIGHTINGS) {
      const parts = study.shares(name, state.radius, of);
      const bar = $(`.bar[data-weighting="${name}"]`);
      parts.forEach((part, i) => {
        bar.children[i].style.flex = `${part} 0 0px`;
        bar.children[i].textContent = part >= 0.1 ? `${Math.round(100 * part)} %` : "";
      });
      bar.setAttribute("aria-label", `${NAMES[name]}: ${REGIONS.map((r, i) => `${r} ${percent(parts[i])} %`).join(", ")}`);
      bar.dataset.shares = parts.join(" ");
      $(`.name[data-weighting="${name}"]`).classList.toggle("on", name === state.weighting);
    }
    $(".moral").textContent = MORAL[state.weighting];
  }

  function draw() {
    const { size, count } = study;
    image.image(`The image, ${size} by ${size} pixels`);
    $(".nomask").hidden = Boolean(study.labels);
    for (const panel of [labels, entropy, weight, product]) panel.figure.hidden = !study.labels;
    if (!study.labels) {
      for (const panel of [labels, entropy, weight, product]) panel.clear();
      return;
    }
    if (state.painting) {
      const { context } = image;
      context.globalAlpha = 0.4;
      context.fillStyle = getComputedStyle(root).getPropertyValue("--object");
      for (let i = 0; i < count; i++) if (study.labels[i] && study.labels[i] !== IGNORE) context.fillRect(i % size, (i / size) | 0, 1, 1);
      context.globalAlpha = 1;
    }
    const truth = labels.words();
    for (let i = 0; i < count; i++) truth[i] = table[study.labels[i]];
    labels.hatch();
    labels.tellIgnored();
    const held = study.classes.slice(1).filter((cls) => !several || study.areas[cls][0]);
    labels.show("Labels: " + (held.map((cls) => `${CONFIG.classes[cls]} ${grouped(study.areas[cls][0])} pixels, ${percent(study.areas[cls][0] / study.valid)} percent of the ${study.ignored ? "pixels that count" : "image"}`).join("; ") || "background only")
      + (study.ignored ? `; ${grouped(study.ignored)} pixels ignored` : ""));
    const only = several && state.cls !== null ? state.cls : null;

    const ce = study.crossEntropy(state.loss);
    const w = study.weightMap(state.weighting, state.radius, (buffers.weight ||= new Float32Array(count)), only);
    const wce = (buffers.product ||= new Float32Array(count));
    let total = 0;
    for (let i = 0; i < count; i++) total += wce[i] = w[i] * ce[i];
    const top = state.scale === "own" ? { ce: largest(ce), w: largest(w), wce: largest(wce) } : study.tops(state.radius);
    const lines = state.outline ? { at: study.edge(), colour: colour("object") } : null;
    entropy.map(ce, top.ce, MAGMA, `Cross entropy of the network trained with ${CONFIG.titles[state.loss]}, 0 to ${digits(top.ce)} nats`, state.opacity < 1 && lines);
    weight.map(w, top.w, MAGMA, `Weight of every pixel, ${state.weighting}, at most ${digits(top.w)}`, lines);
    product.map(wce, top.wce, MAGMA, `Weighted loss of every pixel, at most ${digits(top.wce)}; in all ${digits(total)}`, state.opacity < 1 && lines);
    weight.figure.querySelector("figcaption").innerHTML = `<b>(d)</b> ${only === null ? WEIGHT[state.weighting] : `weight of the ${CONFIG.classes[only]}${study.areas[only][0] ? "" : ": not in this slice"}`}`;
    for (const button of $$('[data-legend="weights"] button')) button.classList.toggle("absent", !study.areas[+button.dataset.class][0]);
    $('[data-out="radius"]').innerHTML = state.weighting === "dilated" ? `R = ${state.radius}<small>px</small>` : `<small>loss</small> ${digits(total)}`;
    $(".slider").classList.toggle("off", state.weighting !== "dilated");
    drawShares();
    charts.draw();
  }

  // Probability that a network gives to the true class of a pixel.
  const probabilityOf = (loss, i) => (several ? Math.exp(-study.crossEntropy(loss)[i]) : sigmoid((study.labels[i] ? 1 : -1) * study.logits[loss][i] * study.step));

  // The formula with this pixel's numbers in it.
  function probe(pixel) {
    const box = $(".probe");
    if (!study.labels) return;
    if (!pixel) {
      box.textContent = "Point at a pixel in any panel to see the formula with its numbers.";
      return;
    }
    const i = pixel.y * study.size + pixel.x;
    const own = study.labels[i];
    if (own === IGNORE) {
      box.innerHTML = `pixel (${pixel.x}, ${pixel.y}): <em>ignored</em><br>It counts nowhere: in no loss, no weight, no area and no score.`;
      return;
    }
    const p = probabilityOf(state.loss, i);
    const ce = study.crossEntropy(state.loss)[i];
    const weights = study.classWeights(state.weighting, state.radius);
    const w = study.weightAt(i, state.weighting, state.radius, weights);
    const away = study.near[i];
    const name = CONFIG.classes[own];
    const closest = study.classes.slice(1).find((cls) => study.distance[cls][i] === away);
    const none = study.classes.slice(1).every((cls) => study.areas[cls][0] === 0);
    const where = own || none ? "" : `, ${away < FAR ? away : "over 254"} px from the ${CONFIG.classes[closest]}`;
    const area = (cls) => grouped(study.areas[cls][state.radius]);
    const candidates = study.classes.filter((cls) => weights[cls] && study.distance[cls][i] <= state.radius);
    const formula = {
      none: () => `1/N = 1/${grouped(study.valid)} = <b>${digits(w)}</b>`,
      balanced: () => `1/area(${CONFIG.classes[own]}) = 1/${grouped(study.areas[own][0])} = <b>${digits(w)}</b>`,
      dilated: () => {
        const terms = candidates.map((cls) => `${CONFIG.classes[cls]} 1/(1+${area(cls)})`).reverse();
        const winner = CONFIG.classes[candidates.reduce((a, b) => (weights[b] >= weights[a] ? b : a))];
        return candidates.length > 1
          ? `max(${terms.join(", ")}) = <b>${digits(w)}</b>, the ${winner}\u2019s`
          : `${terms[0]} = <b>${digits(w)}</b>; only the ${winner} reaches here`;
      },
    }[state.weighting]();
    box.innerHTML = `pixel (${pixel.x}, ${pixel.y}): <em>${name}</em>${where}<br>
      CE = \u2212ln p = \u2212ln ${digits(p)} = <b>${digits(ce)}</b><br>
      M = ${formula}<br>
      M \u00b7 CE = <b>${digits(w * ce)}</b><br>
      p of ${name}: ${CONFIG.losses.map((loss) => `${CONFIG.short[loss]} ${digits(probabilityOf(loss, i))}`).join(", ")}`;
  }

  tabs.anatomy = { draw, probe };
})();
