// The viewer in a cell of a notebook, by the interface of anywidget: a report in a frame of its own, so that neither
// its style nor its keys reach the notebook, and what is set on either side follows on the other.

const FIELDS = ["tab", "weighting", "radius", "threshold"]; // of the state, each a trait of the same name
const PAUSE = 60; // milliseconds in which changes are gathered before Python is told
const POINTING = ["pointermove", "pointerdown", "pointerout", "keydown"];

/**
 * What anywidget hands over.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, act: () => void) => void} on
 * @property {(event: string, act: () => void) => void} off
 */

/** @param {any} a @param {any} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** @param {import("../app/viewer.js").Viewer} viewer */
function stateOf({ state }) {
  const { pixel } = state;
  return { ...Object.fromEntries(FIELDS.map((name) => [name, state[name]])), pixel: pixel && [pixel.x, pixel.y] };
}

/**
 * Both sides follow each other from now on.
 * @param {import("../app/viewer.js").Viewer} viewer
 * @param {Model} model
 * @returns {() => void} ends it
 */
function bind(viewer, model) {
  let timer = 0;
  function send() {
    timer = 0;
    const changed = Object.entries(stateOf(viewer)).filter(([name, value]) => !same(value, model.get(name)));
    for (const [name, value] of changed) model.set(name, value);
    if (changed.length) model.save_changes();
  }
  const note = () => (timer ||= window.setTimeout(send, PAUSE));
  const follow = (name) => {
    const value = model.get(name);
    if (same(value, stateOf(viewer)[name])) return;
    if (name === "pixel") viewer.point(value && { x: value[0], y: value[1] });
    else viewer.set({ [name]: value });
  };
  const followers = [...FIELDS, "pixel"].map((name) => /** @type {const} */ ([`change:${name}`, () => follow(name)]));
  for (const [event, act] of followers) {
    act(); // it may have changed before it was shown
    model.on(event, act);
  }
  viewer.drawers.push(note);
  for (const name of POINTING) viewer.root.addEventListener(name, note);
  return () => {
    window.clearTimeout(timer);
    for (const [event, act] of followers) model.off(event, act);
  };
}

/** @param {{model: Model, el: HTMLElement}} cell */
function render({ model, el }) {
  const frame = document.createElement("iframe");
  let end = () => {};
  frame.title = "dbce";
  frame.style.cssText = "width: 100%; border: 0; display: block";
  frame.style.height = `${model.get("height")}px`;
  frame.addEventListener("load", async () => {
    end();
    end = bind(await /** @type {any} */ (frame.contentWindow).dbce, model);
  });
  frame.srcdoc = model.get("document");
  el.append(frame);
  return () => end();
}

export default { render };
