// The formula of the loss with the numbers of one pixel in it.
import { borderDistances } from "../core/borders.js";
import { FAR, IGNORE, within } from "../core/dilation.js";
import { digits, grouped } from "../core/format.js";
import { weightAt } from "../core/weights.js";

/**
 * How the weight of a pixel comes about: the terms of the classes that reach it, of which the largest counts.
 * @param {any} study
 * @param {number} i
 * @param {import("../core/weights.js").Given} given
 * @param {{term: string, has_radius: boolean}} weighting
 * @param {string[]} names of the classes
 */
function weightTerms(study, i, given, { term, has_radius }, names) {
  const filled = (words) => term.replace(/\{(\w+)\}/g, (_, word) => words[word]);
  const words = (cls, reach) => ({
    name: names[cls],
    area: grouped(study.areas[cls][reach]),
    count: grouped(study.valid),
    share: digits(study.frequencies?.[cls] ?? 0),
  });
  if (given instanceof Float32Array) {
    const { first, second } = borderDistances(study.labels, study.size);
    const away = (distance) => (distance < Infinity ? distance.toFixed(1) : "\u221e");
    const own = words(study.labels[i], 0);
    return `${filled({ ...own, first: away(first[i]), second: away(second[i]) })} = <b>${digits(given[i])}</b>`;
  }
  const { weights, reach } = given;
  const reaching = study.classes.filter((cls) => weights[cls] && within(study.distance[cls][i], reach));
  if (!reaching.length) return "<b>0</b>: the data set has none of this class";
  const terms = reaching.map((cls) => filled(words(cls, reach))).reverse();
  const winner = names[reaching.reduce((a, b) => (weights[b] >= weights[a] ? b : a))];
  const most = `<b>${digits(weightAt(study, i, given))}</b>`;
  if (!has_radius) return `${terms[0]} = ${most}`;
  return terms.length > 1
    ? `max(${terms.join(", ")}) = ${most}, the ${winner}\u2019s`
    : `${terms[0]} = ${most}; only the ${winner} reaches here`;
}

/**
 * @param {any} study with labels
 * @param {Record<string, any>} config
 * @param {Record<string, any>} state
 * @param {import("../app/viewer.js").Pixel | null} pixel
 * @returns {string} HTML
 */
export function formula(study, config, state, pixel) {
  if (!pixel) return "Point at a pixel in any panel to see the formula with its numbers.";
  const i = pixel.y * study.size + pixel.x;
  const own = study.labels[i];
  const at = `pixel (${pixel.x}, ${pixel.y})`;
  if (own === IGNORE)
    return `${at}: <em>ignored</em><br>It counts nowhere: in no loss, no weight, no area and no score.`;
  const { weighting, radius, loss } = state;
  const names = config.classes;
  const objects = study.classes.slice(1);
  const away = study.near[i];
  const closest = objects.find((cls) => study.distance[cls][i] === away);
  const none = objects.every((cls) => study.areas[cls][0] === 0);
  const where = own || none ? "" : `, ${away < FAR ? away : "over 254"} px from the ${names[closest]}`;
  const given = study.given(weighting, radius);
  const value = weightAt(study, i, given);
  const ce = study.crossEntropy(loss)[i];
  const each = study.losses.map((key) => `${config.short[key]} ${digits(study.probabilityOfTruth(key, i))}`);
  const head = `${at}: <em>${names[own]}</em>${where}<br>`;
  const last = `p of ${names[own]}: ${each.join(", ")}`;
  if (state.map === "gradient") {
    const residual = study.residual(loss)[i];
    const way = residual < 0 ? "raise" : "lower";
    return `${head}p \u2212 y = ${digits(study.probabilityAt(loss, i))} \u2212 ${own} = <b>${digits(residual)}</b><br>
    M = ${weightTerms(study, i, given, config.weightings[weighting], names)}<br>
    M (p \u2212 y) = <b>${digits(value * residual)}</b>, to ${way} p here<br>
    ${last}`;
  }
  return `${head}
    CE = \u2212ln p = \u2212ln ${digits(study.probabilityOfTruth(loss, i))} = <b>${digits(ce)}</b><br>
    M = ${weightTerms(study, i, given, config.weightings[weighting], names)}<br>
    M \u00b7 CE = <b>${digits(value * ce)}</b><br>
    ${last}`;
}
