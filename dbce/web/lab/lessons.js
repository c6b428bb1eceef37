// What the run at hand shows, in sentences: each claims only what the numbers hold, as they are printed.

/** @typedef {import("./measure.js").Measures} Measures */
/**
 * @typedef {object} Frame
 * @property {number} step
 * @property {Map<string, Measures>} scores by loss, as trained
 * @property {Measures | null} corrected balanced CE after prior correction
 */

/** Steps before which nothing is said of the order. */
export const EARLY = 20;

/** The same of radii. */
export const SWEPT_EARLY = 60;

const LEVEL = 2; // points that count as level

/** @param {number} share @returns {number} percent, as it is printed */
const points = (share) => Math.round(100 * share);

/** @param {string} text */
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/**
 * Sentences of what balanced CE does, of what prior correction does to it, and of where dilated balanced CE stands.
 * @param {Frame} frame
 * @param {Record<string, string>} titles of the losses, as within a sentence
 * @returns {string[]}
 */
export function lessons({ step, scores, corrected }, titles) {
  if (step < EARLY) return [`After ${step === 1 ? "1 step" : `${step} steps`} there is no order yet: let them learn.`];
  const found = [...scores.values()].some(({ dice }) => points(dice) > 0);
  if (!found) return [`At step ${step} no network finds anything yet.`];
  return [...ofBalanced(step, scores, titles), ...ofCorrection(scores, corrected), ...ofDilated(scores, titles)];
}

/**
 * @param {number} step
 * @param {Map<string, Measures>} scores
 * @param {Record<string, string>} titles
 */
function ofBalanced(step, scores, titles) {
  const mine = scores.get("bce");
  const others = [...scores].filter(([loss]) => loss !== "bce" && loss !== "own").map(([, measures]) => measures);
  if (!mine || !others.length) return [];
  const [recall, precision] = [points(mine.recall), points(mine.precision)];
  const most = others.every((other) => recall > points(other.recall));
  const least = others.every((other) => precision < points(other.precision));
  const all = others.length > 1 ? "of all" : "of the two";
  const numbers = `recall ${recall} %, precision ${precision} %`;
  const head = `At step ${step} ${titles.bce} has`;
  if (most && least) return [`${head} the highest recall ${all} and the lowest precision: ${numbers}.`];
  if (most) return [`${head} the highest recall ${all}, but not the lowest precision: ${numbers}.`];
  if (least) return [`${head} the lowest precision ${all}, but not the highest recall: ${numbers}.`];
  return [`${head} neither the highest recall nor the lowest precision: ${numbers}.`];
}

/** @param {Map<string, Measures>} scores @param {Measures | null} corrected */
function ofCorrection(scores, corrected) {
  const mine = scores.get("bce");
  if (!mine || !corrected) return [];
  const [before, after] = [points(mine.dice), points(corrected.dice)];
  const by = after - before;
  if (by >= LEVEL) return [`Prior correction heals it: its Dice goes from ${before} to ${after}.`];
  if (by <= -LEVEL)
    return [`Prior correction does not help it at this step: its Dice goes from ${before} to ${after}.`];
  return [`Prior correction changes its Dice little: ${before}, then ${after}.`];
}

/** @param {Map<string, Measures>} scores @param {Record<string, string>} titles */
function ofDilated(scores, titles) {
  const mine = scores.get("dbce");
  const others = [...scores].filter(([loss]) => loss !== "dbce" && loss !== "own");
  if (!mine || !others.length) return [];
  const [best, { dice }] = others.reduce((a, b) => (b[1].dice > a[1].dice ? b : a));
  const [own, other] = [points(mine.dice), points(dice)];
  const rest = others.length > 1 ? `the best other, ${titles[best]}` : titles[best];
  const name = capital(titles.dbce);
  if (Math.abs(own - other) <= LEVEL) return [`${name} is about level with ${rest}: Dice ${own} and ${other}.`];
  const [by, way] = [Math.abs(own - other), own > other ? "ahead of" : "behind"];
  return [`${name} is ${by} points of Dice ${way} ${rest}: ${own} and ${other}.`];
}

/**
 * What the radii show that learn side by side.
 * @param {number} step
 * @param {Map<number, number>} dice by radius, 0 among them
 * @returns {string}
 */
export function sweepLesson(step, dice) {
  const rows = [...dice].map(([radius, value]) => /** @type {[number, number]} */ ([radius, points(value)]));
  if (rows.length < 3) return "";
  if (step < SWEPT_EARLY) return `After ${step} steps there is no order yet.`;
  const most = Math.max(...rows.map(([, value]) => value));
  const best = rows.filter(([, value]) => value === most).map(([radius]) => radius);
  const ends = [rows[0], rows[rows.length - 1]];
  const behind = ends.filter(([, value]) => value < most - 1).map(([radius, value]) => `R = ${radius} has ${value}`);
  const head = `At step ${step} the highest Dice, ${most}, is that of R = ${best.join(" and ")}.`;
  if (behind.length === 2) return `${head} Both ends are behind: ${behind.join(", ")}.`;
  if (behind.length === 1) return `${head} One end is behind: ${behind[0]}.`;
  return `${head} The ends are level with it.`;
}
