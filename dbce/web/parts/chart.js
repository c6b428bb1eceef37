// What the radius does: the weight of each class, and the share of object, rim and far background, against R.

// Both for every whole radius at once.
function radiusCurves(study, last, loss = null) {
  const weights = study.classes.map(() => []);
  const shares = [[], [], []]; // object, rim, far
  for (let radius = 0; radius <= last; radius++) {
    study.classWeights("dilated", radius).forEach((weight, cls) => weights[cls].push(weight));
    study.shares("dilated", radius, loss).forEach((part, k) => shares[k].push(part));
  }
  return { weights, shares };
}

const charts = (() => {
  const box = { width: 560, height: 190, left: 52, right: 14, top: 12, bottom: 26 };
  const last = CONFIG.max_radius;
  const x = (radius) => box.left + (radius / last) * (box.width - box.left - box.right);
  const y = (part) => box.top + (1 - part) * (box.height - box.top - box.bottom);
  const line = (values, of = (v) => v) => values.map((v, r) => `${r ? "L" : "M"}${x(r).toFixed(1)} ${y(of(v)).toFixed(1)}`).join("");
  const labels = (ticks) => ticks.map(([part, text]) => `<line x1="${box.left}" x2="${box.width - box.right}" y1="${y(part)}" y2="${y(part)}" class="grid"/><text x="${box.left - 8}" y="${y(part) + 4}" text-anchor="end">${text}</text>`).join("");
  const axis = [0, CONFIG.radius, 50, 100, last].map((r) => `<text x="${x(r)}" y="${box.height - 6}" text-anchor="middle">${r}</text>`).join("");
  const frame = (body, label) => `<svg viewBox="0 0 ${box.width} ${box.height}" role="img" aria-label="${label}">${body}${axis}<line class="now" y1="${box.top}" y2="${box.height - box.bottom}"/></svg>`;
  let key = null;

  function curves() {
    const of = state.of === "loss" ? state.loss : null;
    const { weights, shares } = radiusCurves(study, last, of);
    const all = weights.flat().filter((w) => w > 0);
    const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
    const span = Math.max(1, high - low);
    const log = (w) => (w > 0 ? (Math.log10(w) - low) / span : 0);
    const powers = Array.from({ length: span + 1 }, (_, k) => [k / span, power(low + k)]);
    const stroke = (cls) => (weights.length === 2 ? `class="${cls ? "of-object" : "of-far"}"` : `class="of-class" style="stroke:${cls ? CONFIG.colours[cls] : "var(--far)"}"`);
    const strokes = weights.map((values, cls) => (values[0] || !cls ? `<path ${stroke(cls)} d="${line(values, log)}"/>` : "")).join("");
    if (weights.length > 2) $('[data-legend="curves"]').innerHTML = weights.map((values, cls) => (values[0] ? `<li><i style="background:${cls ? CONFIG.colours[cls] : "var(--far)"}"></i>${CONFIG.classes[cls]}</li>` : "")).join("");
    $('[data-chart="weight"]').innerHTML = frame(labels(powers) + strokes, `Weight of ${CONFIG.classes.join(" and ")} against the radius, logarithmic`);
    const rim = shares[0].map((v, r) => v + shares[1][r]);
    const area = (top, bottom, name) => `<path class="fill-${name}" d="${line(top)}${line(bottom).split(/(?=[ML])/).reverse().join("").replaceAll("M", "L")}Z"/>`;
    const zero = rim.map(() => 0);
    const stack = area(rim.map(() => 1), rim, "far") + area(rim, shares[0], "rim") + area(shares[0], zero, "object");
    $('[data-chart="share"]').innerHTML = frame(stack + labels([[0, "0 %"], [0.5, "50 %"], [1, "100 %"]]), `Share of the ${state.of} held by object, rim and far background against the radius`);
    $('[data-out="chart-title"]').textContent = of ? `Share of the loss of ${CONFIG.titles[of]}` : "Share of the weight";
  }

  function draw() {
    const now = [study, study.labels, state.of, state.of === "loss" && state.loss];
    if (!key || now.some((part, i) => part !== key[i])) {
      key = now;
      curves();
    }
    for (const mark of $$(".chart .now")) {
      mark.setAttribute("x1", x(state.radius));
      mark.setAttribute("x2", x(state.radius));
    }
  }

  // The radius under the pointer, for dragging the marker.
  function radiusAt(event) {
    const svg = event.target.closest("svg").getBoundingClientRect();
    const at = ((event.clientX - svg.left) / svg.width) * box.width;
    return Math.max(0, Math.min(last, Math.round(((at - box.left) / (box.width - box.left - box.right)) * last)));
  }

  return { draw, radiusAt };
})();
