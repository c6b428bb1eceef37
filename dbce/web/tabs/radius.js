// Fig. 5, alive: how the score moves with the radius in our own runs, and what the radius does to this image.

(() => {
  const RADII = [0, 5, 10, 20, 60, CONFIG.max_radius];
  const result = CONFIG.radius_curve;
  const card = $(".measured");
  const strip = $('[data-panels="radius"]');
  const buffers = new Map();
  const panels = RADII.map((radius) => {
    const panel = new Panel(strip, "", { scale: MAGMA });
    panel.figure.insertAdjacentHTML("beforeend", `<button type="button" data-radius="${radius}">R = ${radius} px</button>`);
    return panel;
  });

  // The measured curve as SVG; the best point is named.
  function curve() {
    const { points } = result;
    const box = { width: 640, height: 300, left: 58, right: 18, top: 18, bottom: 44 };
    const dice = points.map((point) => point.dice);
    const [low, high] = [Math.floor(Math.min(...dice) - 0.5), Math.ceil(Math.max(...dice) + 0.5)];
    const x = (radius) => box.left + (radius / CONFIG.max_radius) * (box.width - box.left - box.right);
    const y = (value) => box.top + ((high - value) / (high - low)) * (box.height - box.top - box.bottom);
    const step = Math.max(1, Math.ceil((high - low) / 5));
    let body = "";
    for (let v = low; v <= high; v += step) body += `<line x1="${box.left}" x2="${box.width - box.right}" y1="${y(v)}" y2="${y(v)}" class="grid"/><text x="${box.left - 8}" y="${y(v) + 4}" text-anchor="end">${v}</text>`;
    for (const r of [0, 20, 50, 100, 150]) body += `<text x="${x(r)}" y="${box.height - 22}" text-anchor="middle">${r}</text>`;
    body += `<text x="${(box.left + box.width) / 2}" y="${box.height - 3}" text-anchor="middle">R, px at 320 \u00d7 320</text>`;
    body += `<path class="of-object" d="${points.map((p, i) => `${i ? "L" : "M"}${x(p.radius)} ${y(p.dice)}`).join("")}"/>`;
    body += points.map((p) => `<circle cx="${x(p.radius)}" cy="${y(p.dice)}" r="4.5"><title>R = ${p.radius}: Dice ${p.dice.toFixed(2)} %</title></circle>`).join("");
    const label = `Dice against radius: ${points.map((p) => `R ${p.radius} ${p.dice.toFixed(1)} %`).join(", ")}`;
    return `<svg viewBox="0 0 ${box.width} ${box.height}" role="img" aria-label="${label}">${body}<line class="now" y1="${box.top}" y2="${box.height - box.bottom}"/></svg>`;
  }

  card.innerHTML = result
    ? `<h2>Dice on ${result.test_data}, %, against R <em>${result.label}</em></h2><div class="measure">${curve()}</div>
      <p class="quiet">${result.setting} Made by <code>${result.command}</code>.</p>`
    : `<h2>Dice against R</h2><p class="quiet">Not measured yet for this task. <code>python -m dbce radius</code> scores finished runs of several radii and draws the curve here.</p>`;

  // What the curve says, in words.
  function finding() {
    const best = result.points.reduce((a, b) => (b.dice > a.dice ? b : a));
    const [first, last] = [result.points[0], result.points.at(-1)];
    const at = (p) => `${p.dice.toFixed(1)} % at R = ${p.radius} px${p === best ? " (the highest)" : ""}`;
    const change = (name) => `from ${first[name].toFixed(1)} to ${best[name].toFixed(1)} %`;
    const why = best !== first && best.recall !== undefined ? ` Precision goes ${change("precision")}, recall ${change("recall")}, between the first and the best.` : "";
    return `Measured here, one run a radius: ${[...new Set([first, best, last])].map(at).join(", ")}.${why}`;
  }
  if (result) $(".finding").textContent = finding();

  function draw() {
    const now = card.querySelector(".now");
    if (now) {
      const at = 58 + (state.radius / CONFIG.max_radius) * (640 - 58 - 18);
      now.setAttribute("x1", at);
      now.setAttribute("x2", at);
    }
    if (!study.labels) {
      for (const panel of panels) panel.clear();
      return;
    }
    const lines = { at: study.edge(), colour: colour("object") };
    const maps = RADII.map((radius) => {
      if (!buffers.has(radius)) buffers.set(radius, new Float32Array(study.count));
      return study.weightMap("dilated", radius, buffers.get(radius));
    });
    const tops = maps.map(largest);
    const shared = Math.max(...tops);
    RADII.forEach((radius, k) => {
      const parts = study.shares("dilated", radius);
      panels[k].map(maps[k], state.scale === "own" ? tops[k] : shared, MAGMA, `Weight at radius ${radius}: object ${percent(parts[0])}, rim ${percent(parts[1])}, far ${percent(parts[2])} percent of the total`, lines);
      panels[k].figure.querySelector("figcaption").innerHTML = `rim <b>${percent(parts[1])} %</b> of the weight`;
      panels[k].figure.querySelector("button").setAttribute("aria-pressed", radius === state.radius);
    });
  }

  strip.addEventListener("click", ({ target }) => {
    const { radius } = target.dataset;
    if (radius !== undefined) set({ radius: +radius, weighting: "dilated" });
  });
  tabs.radius = { draw };
})();
