// The viewer: one state, one image, and panels that are redrawn within a frame of any change.
// Python puts CONFIG before this text and calls it all with gradio's (element, props, server, watch).

const root = element.querySelector(".dbce");
const $ = (selector) => root.querySelector(selector);
const $$ = (selector) => [...root.querySelectorAll(selector)];
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

const state = {
  tab: "anatomy", weighting: "dilated", loss: CONFIG.loss, radius: CONFIG.radius, threshold: 0.5, of: "weight",
  theme: matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark", palette: "paper",
  example: 0, painting: false, erase: false, brush: 14, pixel: null,
};
let study = null; // a Study, see maps.js
let picture = null; // the image as an ImageBitmap
let origin = { example: 0 }; // what to ask Python for again when a mask is added
const tabs = {}; // name -> { draw(), probe(x, y) }

// Little-endian RGBA words, as ImageData holds them.
const rgba = (r, g, b, a = 255) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
const hex = (text) => rgba(...[1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)));
const colour = (name) => hex(getComputedStyle(root).getPropertyValue("--" + name).trim());
const MAGMA = (() => {
  const rgb = bytes(CONFIG.magma);
  return Uint32Array.from({ length: 256 }, (_, i) => rgba(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]));
})();
const [BLACK, WHITE] = [rgba(8, 8, 10), rgba(242, 242, 242)];
const GREY = Uint32Array.from({ length: 256 }, (_, i) => rgba(i, i, i));

// A number with three significant digits, with a true minus and a readable power of ten.
function digits(v) {
  if (v === 0) return "0";
  if (Math.abs(v) >= 1e-3 && Math.abs(v) < 1e4) return String(+v.toPrecision(3)).replace("-", "\u2212");
  const [mantissa, exponent] = v.toExponential(2).split("e");
  return `${+mantissa}\u00b7${power(+exponent)}`;
}
const power = (n) => "10" + [...String(n)].map((c) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[c] || "\u207b").join("");
const grouped = (n) => n.toLocaleString("en-US").replaceAll(",", "\u2009");
const percent = (v) => (100 * v).toFixed(1);

// A square picture with a caption, a mark that follows the pointer in all panels, and perhaps a colour bar.
class Panel {
  constructor(parent, caption, { scale = null, disk = false } = {}) {
    this.figure = document.createElement("figure");
    this.figure.className = "panel";
    this.figure.innerHTML = `<div class="frame"><canvas role="img"></canvas><div class="ring"></div><div class="cross"></div></div>
      <figcaption>${caption}</figcaption>` + (scale ? `<div class="scale"><canvas width="256" height="1" aria-hidden="true"></canvas><p><span></span><span></span></p></div>` : "");
    parent.append(this.figure);
    this.canvas = this.figure.querySelector(".frame canvas");
    this.ring = this.figure.querySelector(".ring");
    this.cross = this.figure.querySelector(".cross");
    this.disk = disk;
    this.size = 0;
    if (scale) {
      const bar = this.figure.querySelector(".scale canvas").getContext("2d");
      bar.putImageData(new ImageData(new Uint8ClampedArray(scale.buffer.slice(0)), 256, 1), 0, 0);
      this.ends = this.figure.querySelectorAll(".scale span");
    }
    panels.push(this);
  }

  // The pixels as 32-bit words, to be filled and shown.
  words() {
    if (this.size !== study.size) {
      this.size = this.canvas.width = this.canvas.height = study.size;
      this.context = this.canvas.getContext("2d");
      this.data = this.context.createImageData(study.size, study.size);
      this.pixels = new Uint32Array(this.data.data.buffer);
    }
    return this.pixels;
  }

  show(text) {
    this.context.putImageData(this.data, 0, 0);
    if (text) this.canvas.setAttribute("aria-label", text);
  }

  // Values from 0 to `top` through a table of 256 colours.
  map(values, top, table, text) {
    const out = this.words();
    const factor = top > 0 ? 255 / top : 0;
    for (let i = 0; i < out.length; i++) out[i] = table[(values[i] * factor) | 0];
    this.show(text);
    if (this.ends) {
      this.ends[0].textContent = "0";
      this.ends[1].textContent = digits(top);
    }
  }

  image(text) {
    this.words();
    this.context.drawImage(picture, 0, 0);
    if (text) this.canvas.setAttribute("aria-label", text);
  }
}
const panels = [];

// Pixels of the object with a neighbour outside it.
function outline(labels, size, visit) {
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i++)
      if (labels[i] && ((x && !labels[i - 1]) || (x < size - 1 && !labels[i + 1]) || (y && !labels[i - size]) || (y < size - 1 && !labels[i + size]))) visit(i);
}

// ---- one change, one redraw

let scheduled = false;
function set(patch) {
  Object.assign(state, patch);
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    render();
  });
}

function render() {
  root.dataset.tab = state.tab;
  root.dataset.theme = state.theme;
  root.dataset.palette = state.palette;
  document.documentElement.style.background = getComputedStyle(root).getPropertyValue("--page");
  root.classList.toggle("painting", state.painting);
  $(".brush").hidden = !state.painting;
  for (const tab of $$(".tabs button")) {
    const on = tab.dataset.tab === state.tab;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    $("#view-" + tab.dataset.tab).hidden = !on;
  }
  for (const input of $$("[data-field] input")) input.checked = state[input.name] === input.value;
  for (const input of $$("input[data-field]")) input.value = state[input.dataset.field];
  const pressed = { palette: state.palette === "safe", paint: state.painting, erase: state.erase };
  for (const [name, on] of Object.entries(pressed)) $(`[data-do="${name}"]`).setAttribute("aria-pressed", on);
  for (const button of $$(".examples button")) button.setAttribute("aria-pressed", +button.dataset.example === state.example);
  if (!study) return;
  for (const part of $$("[data-needs=mask]")) part.hidden = !study.labels;
  for (const out of $$('[data-out="rim-radius"]')) out.textContent = state.radius;
  tabs[state.tab].draw();
  point(state.pixel);
}

// Mark the same pixel in every panel.
function point(pixel) {
  state.pixel = pixel;
  for (const panel of panels) {
    panel.cross.style.display = panel.ring.style.display = "none";
    if (!pixel) continue;
    const mark = panel.disk && (state.painting || state.weighting === "dilated") ? panel.ring : panel.cross;
    const radius = state.painting ? state.brush : state.radius;
    mark.style.display = "block";
    mark.style.left = `${((pixel.x + 0.5) / study.size) * 100}%`;
    mark.style.top = `${((pixel.y + 0.5) / study.size) * 100}%`;
    mark.classList.toggle("disk", mark === panel.ring);
    if (mark === panel.ring) mark.style.width = mark.style.height = `${((2 * radius + 1) / study.size) * 100}%`;
  }
  if (study) tabs[state.tab].probe?.(pixel);
}

function pixelAt(event) {
  const box = event.target.getBoundingClientRect();
  const at = (v, low, length) => Math.max(0, Math.min(study.size - 1, Math.floor(((v - low) / length) * study.size)));
  return { x: at(event.clientX, box.left, box.width), y: at(event.clientY, box.top, box.height) };
}

// ---- images from Python

function say(text, error = false) {
  const line = $(".message");
  line.textContent = text;
  line.classList.toggle("error", error);
}

async function showScene(text) {
  const scene = JSON.parse(text);
  const [arrays, bitmap] = await Promise.all([unpackArrays(scene), fetch(scene.image).then((r) => r.blob()).then((b) => createImageBitmap(b))]);
  picture = bitmap;
  study = new Study(scene, arrays);
  state.pixel = null;
  painted.length = 0;
  say(scene.title + (scene.note ? ". " + scene.note : ""));
  render();
}

// Ask Python for a scene; on a mistake say so and keep everything as it was.
async function open(request, patch = {}) {
  root.classList.add("busy");
  try {
    const reply = await server.open_study(JSON.stringify(request));
    if (reply.error) return say(reply.error, true);
    origin = request;
    Object.assign(state, patch);
    await showScene(reply.scene);
  } catch {
    say("The server did not answer; what you see is still yours. Check the connection and try again.", true);
  } finally {
    root.classList.remove("busy");
    render();
  }
}

const readFile = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ name: file.name, data: reader.result.slice(reader.result.indexOf(",") + 1) });
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

// One image, one mask, or both at once (the one whose name says so is the mask, else the second).
async function openFiles({ image = null, mask = null }) {
  for (const file of [image, mask])
    if (file && file.size > CONFIG.max_bytes)
      return say(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB; at most ${CONFIG.max_bytes / 1e6} MB can be opened. Save it smaller or as JPEG.`, true);
  try {
    const request = image ? { image: await readFile(image) } : { ...origin };
    if (mask) request.mask = await readFile(mask);
    await open(request, image ? { example: null, painting: false } : { painting: false });
  } catch {
    say("The browser could not read that file; choose it again.", true);
  }
}

// ---- painting a mask: everything follows the brush, and nothing leaves the page

const painted = []; // earlier masks, for undo
let stroke = null;

function dab(from, to) {
  const labels = study.labels.slice();
  const { size } = study;
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / Math.max(1, state.brush / 2)));
  for (let s = 0; s <= steps; s++) {
    const cx = Math.round(from.x + ((to.x - from.x) * s) / steps);
    const cy = Math.round(from.y + ((to.y - from.y) * s) / steps);
    for (let y = Math.max(0, cy - state.brush); y <= Math.min(size - 1, cy + state.brush); y++)
      for (let x = Math.max(0, cx - state.brush); x <= Math.min(size - 1, cx + state.brush); x++)
        if ((x - cx) ** 2 + (y - cy) ** 2 <= state.brush ** 2) labels[y * size + x] = state.erase ? 0 : 1;
  }
  study.setLabels(labels);
}

function relabel(labels) {
  study.setLabels(labels);
  set({});
}

function startPainting() {
  if (!study.labels) study.setLabels(new Uint8Array(study.count));
  say("Paint the object on the image or on the labels. The maps follow your brush; the mask stays in this page.");
  set({ tab: "anatomy", painting: true, erase: false });
}

function stopPainting() {
  if (study.labels && !study.labels.includes(1)) study.setLabels(null);
  say(study.labels ? "Your painted mask is in use." : "No mask: nothing was painted.");
  set({ painting: false });
}
