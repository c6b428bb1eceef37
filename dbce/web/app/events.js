// Listeners, and the first picture. Last of the page's scripts.

function choices(field, entries) {
  const group = $(`[data-field="${field}"]`);
  for (const [value, text] of entries)
    group.insertAdjacentHTML("beforeend", `<label><input type="radio" name="${field}" value="${value}">${text}</label>`);
}
const MANY = CONFIG.classes.length > 2;
for (const [kind, text] of Object.entries(CONFIG.nouns)) for (const part of $$(`[data-noun="${kind}"]`)) part.textContent = text;
for (const input of $$("input[data-file]")) input.accept = CONFIG.accept;
$('[data-do="paint"]').hidden = MANY;
$("[data-numbering]").innerHTML = Object.entries(CONFIG.numberings).map(([value, title]) => `<option value="${value}">${title}</option>`).join("");
$(".tasks").hidden = CONFIG.tasks.length < 2;
$(".tasks").innerHTML = CONFIG.tasks.map(({ title, href, here }) => `<a href="${href}" ${here ? 'aria-current="page"' : ""}>${title}</a>`).join("");
choices("weighting", [["none", "none"], ["balanced", "balanced"], ["dilated", "dilated"]]);
choices("loss", CONFIG.losses.map((loss) => [loss, CONFIG.short[loss]]));
choices("of", [["weight", "weight"], ["loss", "loss"]]);
choices("shape", [["fill", "fill"], ["outline", "outline"]]);
choices("scale", [["own", "each its own"], ["shared", "one for all"]]);
choices("below", [["probability", "probability"], ["entropy", "cross entropy"], ["weighted", "weighted loss"]]);
for (const box of $$(".checks")) box.insertAdjacentHTML("beforeend", CONFIG.losses.map((loss) => `<label class="check"><input type="checkbox" name="shown" value="${loss}">${CONFIG.titles[loss]}</label>`).join(""));
$(".examples").innerHTML = CONFIG.examples.map(({ thumbnail, title }, i) =>
  `<button type="button" data-example="${i}" aria-label="${title}" title="${title}"><img src="${thumbnail}" alt=""></button>`).join("");
$('[data-out="recipe"]').textContent = CONFIG.recipe;
$(".notice").textContent = CONFIG.notice;
$(".notice").hidden = !CONFIG.notice;

let breath = 0; // the animation that shows on the first visit that the radius moves
const hush = () => (breath = 0);

root.addEventListener("input", ({ target }) => {
  hush();
  if (target.matches("[data-slice]")) return goToSlice(+target.value);
  if (target.matches("[data-brush]")) {
    state.brush = +target.value;
    target.nextElementSibling.textContent = `${target.value} px`;
  } else if (target.type === "checkbox") {
    const now = state[target.name];
    const next = Array.isArray(now) ? (target.checked ? [...now, target.value] : now.filter((v) => v !== target.value)) : target.checked;
    if (target.name === "shown" && !next.length) say("At least one network stays in view.");
    set(target.name === "shown" && !next.length ? {} : { [target.name]: next });
  } else if (target.type === "radio") set({ [target.name]: target.value });
  else if (target.type === "range") set({ [target.dataset.field]: +target.value });
  const strip = $(".strip"); // on a phone, bring the maps that move into view
  if (target.dataset.field === "radius" && strip.scrollWidth > strip.clientWidth + 8 && strip.scrollLeft < strip.scrollWidth / 4)
    strip.scrollTo({ left: strip.scrollWidth, behavior: calm ? "auto" : "smooth" });
});

root.addEventListener("change", ({ target }) => {
  if (target.matches("[data-numbering]")) return renumber(target.value);
  if (target.type !== "file" || !target.files.length) return;
  openFiles({ [target.dataset.file]: target.files[0] });
  target.value = ""; // the same file can be chosen again
});

root.addEventListener("click", ({ target }) => {
  hush();
  const button = target.closest("button");
  if (!button) return;
  if (button.dataset.export) {
    button.closest("details").open = false;
    download(button.dataset.export);
  }
  if (button.dataset.tab) set({ tab: button.dataset.tab });
  if (button.dataset.example) open({ example: +button.dataset.example }, { example: +button.dataset.example, slice: null, painting: false });
  if (button.dataset.class) set({ cls: +button.dataset.class === state.cls ? null : +button.dataset.class });
  ({
    share,
    tour: () => tour.start(),
    "zoom-in": () => zoom.by(1.5),
    "zoom-out": () => zoom.by(1 / 1.5),
    "zoom-fit": zoom.fit,
    palette: () => set({ palette: state.palette === "safe" ? "paper" : "safe" }),
    theme: () => {
      set({ theme: state.theme === "dark" ? "light" : "dark" });
      remember(state.theme);
    },
    paint: () => (state.painting ? stopPainting() : startPainting()),
    "paint-now": startPainting,
    browse: () => $("[data-file=mask]").click(),
    done: stopPainting,
    erase: () => set({ erase: !state.erase }),
    undo: () => painted.length && relabel(painted.pop()),
    clear: () => {
      painted.push(study.labels.slice());
      relabel(study.labels.map((label) => (label === IGNORE ? IGNORE : 0)));
    },
  })[button.dataset.do]?.();
});

// drag the marker of a chart
$(".charts").addEventListener("pointerdown", (event) => {
  if (!event.target.closest("svg")) return;
  set({ radius: charts.radiusAt(event), weighting: "dilated" });
  event.target.closest(".chart").setPointerCapture(event.pointerId);
});
$(".charts").addEventListener("pointermove", (event) => {
  const chart = event.target.closest(".chart");
  if (!chart?.hasPointerCapture(event.pointerId)) return;
  set({ radius: charts.radiusAt({ clientX: event.clientX, target: chart.firstElementChild }) });
});

$(".tabs").addEventListener("keydown", (event) => {
  const names = $$(".tabs button:not([hidden])").map((b) => b.dataset.tab);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = names[(names.indexOf(state.tab) + step + names.length) % names.length];
  set({ tab: next });
  $("#tab-" + next).focus();
});

// a panel in focus: move the pixel, zoom
root.addEventListener("keydown", (event) => {
  if (!study || !event.target.matches(".frame canvas")) return;
  const zooms = { "+": () => zoom.by(1.5), "=": () => zoom.by(1.5), "-": () => zoom.by(1 / 1.5), 0: zoom.fit };
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!zooms[event.key] && !move) return;
  event.preventDefault();
  zooms[event.key]?.();
  if (!move) return;
  const inside = (v) => Math.max(0, Math.min(study.size - 1, v));
  const { x, y } = state.pixel || { x: study.size >> 1, y: study.size >> 1 };
  const step = event.shiftKey ? 10 : 1;
  point({ x: inside(x + step * move[0]), y: inside(y + step * move[1]) });
});

document.addEventListener("pointerdown", (event) => {
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of $$("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

root.addEventListener("pointermove", (event) => {
  if (!study || !event.target.matches(".frame canvas")) return;
  const pixel = pixelAt(event);
  if (stroke && event.target.closest("[data-paint]")) {
    dab(stroke, pixel);
    stroke = pixel;
    set({ pixel });
  } else point(pixel);
});
root.addEventListener("pointerdown", (event) => {
  if (!study || !event.target.matches(".frame canvas")) return;
  hush();
  const pixel = pixelAt(event);
  point(pixel);
  if (!state.painting || !event.target.closest("[data-paint]") || event.button) return;
  event.target.setPointerCapture(event.pointerId);
  painted.push(study.labels.slice());
  painted.splice(0, painted.length - 30);
  stroke = pixel;
  dab(pixel, pixel);
  set({ pixel });
});
for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, () => (stroke = null));
root.addEventListener("pointerout", (event) => {
  if (event.pointerType === "mouse" && event.target.matches?.(".frame canvas") && !stroke) point(null);
});

const files = (event) => [...(event.dataTransfer || event.clipboardData).files];
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  root.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || root.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  root.classList.remove("dropping");
  if (files(event).length) openFiles({ files: files(event) });
});
document.addEventListener("paste", (event) => files(event).length && openFiles({ files: files(event) }));

element.dbce = { state, set, render, get study() { return study; }, panels, showScene, distanceField, areaCurve, radiusCurves, ready: false };
const { found: asked, unknown } = stateFromLink(location.hash);
Object.assign(state, asked);
viewFromLink(location.hash);
render();
const first = { example: asked.example ?? 0, ...(asked.slice === undefined ? {} : { slice: asked.slice }) };
(first.example || "slice" in first ? open(first) : showScene(props.value)).then(() => {
  element.dbce.ready = true;
  root.dataset.ready = "true";
  if (unknown.length) say(`The link asks for what this page does not know (${unknown.join(", ")}); that was left out.`);
  if (Object.keys(asked).length || calm || navigator.webdriver) return;
  const began = (breath = performance.now());
  const frame = (now) => {
    if (breath !== began) return;
    const t = Math.min(1, (now - began) / 3000); // 0 -> 60 -> the paper's radius
    const radius = t < 0.5 ? 60 * (1 - Math.cos(Math.PI * t * 2)) / 2 : CONFIG.radius + (60 - CONFIG.radius) * (1 + Math.cos(Math.PI * (2 * t - 1))) / 2;
    set({ radius: Math.round(radius) });
    if (t < 1) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
});
