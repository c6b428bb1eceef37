// What each step of the tour sets, what it speaks of, and what is to be moved.

/**
 * @typedef {object} Scene
 * @property {Record<string, any>} state beside what every field starts as
 * @property {string[]} parts what is spoken of, in the view
 * @property {string[]} [also] what belongs to it where there is room, the first first
 * @property {string} control what is to be moved
 * @property {boolean} [close] whether the panels show the objects close up
 */

/** Fields that a step leaves alone: the image is the visitor's, the colours too. */
const KEPT = ["example", "slice", "palette"];

/** @param {...string} names @returns {string[]} */
const maps = (...names) => names.map((name) => `#view-anatomy [data-panel="${name}"]`);

/** @param {...string} weightings @returns {string[]} */
const bars = (...weightings) => weightings.map((name) => `.bars .one[data-weighting="${name}"]`);

/** @param {string} view @param {...string} losses @returns {string[]} */
const predictions = (view, ...losses) =>
  losses.map((loss) => `#view-${view} .model[data-loss="${loss}"] > ${PREDICTION[view]}`);

/** @param {...string} losses @returns {string[]} */
const learners = (...losses) =>
  losses.map((loss) => `#view-lab .lab-column[data-loss="${loss}"] > :is(h3, .lab-score, .lab-tiles)`);

const PREDICTION = { compare: ":is(h3, h3 + .panel, .chips)", organs: ":is(h3, .chips, .chips + .panel)" };
const THRESHOLD = "#view-compare .steer > .range";
const DISK = "#view-anatomy .slider";
const RADIUS = '#view-anatomy [data-out="radius"]';
const BAR_HEADS = ".bars .heads";
const BAR_TITLE = '[data-out="share-title"]';
const BAR_LEGEND = ".share > .legend";

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {Record<string, Scene>} by name of the step
 */
function scenes({ config: { losses, method, radius } }) {
  const push = losses.includes("bce") ? "bce" : losses[0];
  return {
    vote: {
      state: { weighting: "none" },
      parts: [...maps("image", "labels"), ...bars("none"), BAR_LEGEND],
      also: [BAR_TITLE],
      control: ".tour .guess",
    },
    raise: {
      state: { weighting: "none" },
      parts: [...maps("labels", "weight"), ...bars("none", "balanced")],
      also: [BAR_HEADS, BAR_TITLE, BAR_LEGEND],
      control: '#view-anatomy [data-field="weighting"]',
      close: true,
    },
    push: {
      state: { weighting: "balanced", loss: push },
      parts: maps("entropy", "residual", "product", "gradient"),
      control: '#view-anatomy [data-field="map"]',
      close: true,
    },
    rim: {
      state: { tab: "compare", shown: ["ce", "bce"] },
      parts: predictions("compare", "ce", "bce"),
      also: ['.rail [data-field="prior"]', ".thresholds > figure:first-child > :is(figcaption, .chart)"],
      control: THRESHOLD,
      close: true,
    },
    cost: {
      state: { tab: "organs", shown: ["ce", "bce"] },
      parts: predictions("organs", "ce", "bce", method),
      control: '#view-organs [data-field="shown"]',
    },
    away: {
      state: { radius: 0 },
      parts: [...maps("labels", "weight"), ...bars("dilated"), RADIUS],
      also: [BAR_HEADS],
      control: DISK,
      close: true,
    },
    ceiling: {
      state: { radius: 0 },
      parts: [...maps("labels", "weight"), ".charts > figure:first-child > :is(figcaption, .chart)", RADIUS],
      control: DISK,
      close: true,
    },
    end: {
      state: { radius },
      parts: [...maps("labels", "weight"), ...bars("none", "dilated"), RADIUS],
      also: [BAR_HEADS, BAR_TITLE, BAR_LEGEND],
      control: DISK,
    },
    honest: {
      state: { tab: "compare" },
      parts: [".thresholds > figure:first-child > :is(figcaption, .chart)"],
      also: [
        ".thresholds > figure:first-child > .scroll",
        ".thresholds > figure:last-child > :is(figcaption, .chart, .scroll)",
      ],
      control: THRESHOLD,
    },
    lab: {
      state: { tab: "lab", "lab.step": 0 }, // nothing is given away
      parts: learners("bce", "dbce"),
      also: learners("ce", "dice_ce"),
      control: "#view-lab .lab-keys",
    },
  };
}

/**
 * The scenes, each with everything that it relies on.
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {Record<string, Scene>}
 */
export function scenesOf(viewer) {
  const start = viewer.fields.start();
  for (const name of KEPT) delete start[name];
  const all = scenes(viewer);
  for (const scene of Object.values(all)) scene.state = { ...start, ...scene.state };
  return all;
}
