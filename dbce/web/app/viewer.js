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
  cls: null, slice: null, opacity: 1, shape: "fill", scale: "own", outline: true, below: "probability", shown: [...CONFIG.losses], layers: ["tp", "fp", "fn"],
};
// The theme, and nothing else, is kept from one visit to the next, and from one task to the other.
function remember(theme) {
  try {
    localStorage.setItem("dbce-theme", theme);
  } catch { /* storage is switched off */ }
}
try {
  const kept = localStorage.getItem("dbce-theme");
  if (kept === "dark" || kept === "light") state.theme = kept;
} catch { /* the same */ }
let study = null; // a Study, see maps.js
let picture = null; // the image as an ImageBitmap
let photo = null; // and as 32-bit words
let origin = { example: 0 }; // what to ask Python for again when a mask is added
const tabs = {}; // name -> { draw(), probe(pixel) }

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
  for (const input of $$("[data-field] input[type=radio]")) input.checked = state[input.name] === input.value;
  for (const input of $$("input[type=range][data-field]")) input.value = state[input.dataset.field];
  for (const input of $$("input[type=checkbox]")) {
    const now = state[input.name];
    input.checked = Array.isArray(now) ? now.includes(input.value) : now;
  }
  const pressed = { palette: state.palette === "safe", paint: state.painting, erase: state.erase };
  for (const [name, on] of Object.entries(pressed)) $(`[data-do="${name}"]`).setAttribute("aria-pressed", on);
  for (const button of $$(".examples button")) button.setAttribute("aria-pressed", +button.dataset.example === state.example);
  if (!study) return;
  for (const part of $$("[data-needs=mask]")) part.hidden = !study.labels;
  $('[data-out="opacity"]').textContent = `${Math.round(state.opacity * 100)} %`;
  for (const out of $$('[data-out="rim-radius"]')) out.textContent = state.radius;
  for (const button of $$("[data-class]")) button.setAttribute("aria-pressed", +button.dataset.class === state.cls);
  showPlace();
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
  const sheet = new OffscreenCanvas(scene.size, scene.size).getContext("2d");
  sheet.drawImage(picture, 0, 0);
  photo = new Uint32Array(sheet.getImageData(0, 0, scene.size, scene.size).data.buffer);
  study = new Study(scene, arrays);
  state.pixel = null;
  painted.length = 0;
  say(scene.title + (scene.note ? ". " + scene.note : ""));
  const numbering = scene.numbering ?? (study.place && volume?.numbering);
  $(".numbering").hidden = !numbering;
  if (numbering) $("[data-numbering]").value = numbering;
  render();
}

// Ask Python for a scene; on a mistake say so and keep everything as it was. True if the picture is a new one.
async function open(request, patch = {}, busy = true) {
  root.classList.toggle("busy", busy);
  try {
    const reply = await inTurn(server.open_study(JSON.stringify(request)));
    if (reply.waiting) waiting = request.files[0];
    if (reply.error) return say(reply.error, true);
    if (reply.took) [request, patch] = sorted(request, reply.took);
    if (reply.volume) await takeVolume(reply.volume, request);
    else if (!("plane" in request)) volume = null;
    origin = request;
    Object.assign(state, patch);
    await showScene(reply.scene);
    if (reply.volume) origin = await sliceRequest(study.place[0]);
    return true;
  } catch {
    say("The server did not answer; what you see is still yours. Check the connection and try again.", true);
  } finally {
    root.classList.remove("busy");
    render();
  }
}

// The same files, with their labels in the other numbering; a scan stays at its slice.
async function renumber(numbering) {
  const at = study.place?.[0];
  const opened = await open({ ...(volume?.source ?? origin), numbering }, { painting: false });
  if (opened && volume && at !== study.place[0]) await goToSlice(at);
}

const readFile = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ name: file.name, data: reader.result.slice(reader.result.indexOf(",") + 1) });
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

// Files that were dropped, as Python took them: which is the image, which the mask.
let waiting = null; // a mask that did not fit the picture in view; its image may come next
function sorted({ files, waiting: before, ...rest }, took) {
  const known = took.image === null ? rest : { image: files[took.image] };
  if (took.mask !== null) known.mask = took.mask === "waiting" ? before : files[took.mask];
  waiting = null;
  return [known, took.image === null ? { painting: false } : { example: null, slice: null, painting: false }];
}

// An image or a mask of which the visitor said what it is, or files of which Python tells.
async function openFiles({ image = null, mask = null, files = [] }) {
  if (files.length > 2) return say(`${files.length} files arrived; drop one image, or an image and its mask.`, true);
  for (const file of [image, mask, ...files])
    if (file && file.size > CONFIG.max_bytes)
      return say(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB; at most ${CONFIG.max_bytes / 1e6} MB can be opened. Save it smaller or as JPEG.`, true);
  try {
    const request = image ? { image: await readFile(image) } : { ...(volume?.source ?? origin) };
    if (mask) {
      request.mask = await readFile(mask);
      delete request.numbering; // other labels may be in another one
    }
    if (files.length) request.files = await Promise.all(files.map(readFile));
    if (files.length === 1 && waiting) request.waiting = waiting;
    await open(request, image ? { example: null, slice: null, painting: false } : { painting: false });
  } catch {
    say("The browser could not read that file; choose it again.", true);
  }
}
