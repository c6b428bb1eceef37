// The arithmetic of the page; nothing here touches the document.
// It mirrors dbce/dilation.py, dbce/losses.py and dbce/study/predictor.py, and a browser test holds them together.

const FAR = 255; // a distance of 255 px or more, or a class that does not occur
const IGNORE = 255; // label of pixels that do not count, as in dbce/tasks.py
const WEIGHTINGS = ["none", "balanced", "dilated"];

// base64 -> bytes
function bytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

// The arrays of a scene: one deflated block, cut by name.
async function unpackArrays(scene) {
  const stream = new Blob([bytes(scene.data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const arrays = {};
  for (const [name, { type, offset, length }] of Object.entries(scene.arrays)) {
    arrays[name] = type === "uint8" ? new Uint8Array(buffer, offset, length) : sums(new Uint8Array(buffer, offset, 2 * length), scene.size);
  }
  return arrays;
}

// What dbce.page.scene.differences took apart: low bytes, high bytes -> int16, each the sum of all to its left and above.
function sums(parts, size) {
  const count = parts.length / 2;
  const out = new Int16Array(count);
  for (let i = 0; i < count; i++) out[i] = (parts[i] | (parts[count + i] << 8)) + (i % size ? out[i - 1] : 0);
  for (let i = size; i < count; i++) out[i] += out[i - size];
  return out;
}

// Distance in whole pixels, rounded up and capped at FAR, from every pixel to the nearest one of a class
// (Meijster, Roerdink and Hesselink 2000: exact, linear in the number of pixels). Rounded up, `<= R` is
// exact for whole R.
function distanceField(labels, cls, size) {
  const far = 2 * size;
  const column = new Int32Array(size * size);
  for (let x = 0; x < size; x++) {
    for (let y = 0, run = far; y < size; y++) {
      run = labels[y * size + x] === cls ? 0 : Math.min(run + 1, far);
      column[y * size + x] = run;
    }
    for (let y = size - 1, run = far; y >= 0; y--) {
      run = Math.min(run + 1, column[y * size + x]);
      column[y * size + x] = run;
    }
  }
  const field = new Uint8Array(size * size);
  const site = new Int32Array(size);
  const start = new Int32Array(size);
  for (let y = 0; y < size; y++) {
    const g = column.subarray(y * size, (y + 1) * size);
    const cost = (x, i) => (x - i) * (x - i) + g[i] * g[i];
    let q = 0;
    site[0] = start[0] = 0;
    for (let u = 1; u < size; u++) {
      while (q >= 0 && cost(start[q], site[q]) > cost(start[q], u)) q--;
      if (q < 0) {
        q = 0;
        site[0] = u;
      } else {
        const i = site[q];
        const next = 1 + Math.floor((u * u - i * i + g[u] * g[u] - g[i] * g[i]) / (2 * (u - i)));
        if (next < size) {
          site[++q] = u;
          start[q] = next;
        }
      }
    }
    for (let x = size - 1; x >= 0; x--) {
      field[y * size + x] = Math.min(FAR, Math.ceil(Math.sqrt(cost(x, site[q]))));
      if (x === start[q]) q--;
    }
  }
  return field;
}

// Area of the dilated class for every whole radius: the running sum of the field's histogram, ignored pixels apart.
function areaCurve(field, labels) {
  const curve = new Int32Array(FAR + 1);
  for (let i = 0; i < field.length; i++) if (labels[i] !== IGNORE) curve[field[i]]++;
  for (let r = 1; r < FAR; r++) curve[r] += curve[r - 1];
  return curve; // entry R holds for R < FAR
}

// Pixels inside (told by a function) with a neighbour outside.
function outline(inside, size) {
  const at = [];
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i++)
      if (inside(i) && ((x && !inside(i - 1)) || (x < size - 1 && !inside(i + 1)) || (y && !inside(i - size)) || (y < size - 1 && !inside(i + size)))) at.push(i);
  return at;
}

// ln(1 + e^z), without overflow
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// Four scores from counts; see dbce/metrics.py for empty masks.
function scoresOf(tp, fp, fn) {
  const ratio = (top, bottom) => (tp + fp + fn === 0 ? 1 : top / Math.max(bottom, 1));
  return {
    dice: ratio(2 * tp, 2 * tp + fp + fn),
    iou: ratio(tp, tp + fp + fn),
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
  };
}

// One image, its labels if any, and what every network says of it: the page's twin of predictor.Study and, with
// more than two classes, of predictor.LabelStudy (see organs.js for what only that one can). Pixels labelled IGNORE
// have cross entropy and weight 0, and are neither object, rim nor far background.
class Study {
  constructor(scene, arrays) {
    this.size = scene.size;
    this.count = scene.size * scene.size;
    this.step = scene.logit_step;
    this.losses = scene.losses;
    this.place = scene.place; // [number of the slice, of all slices] or null
    this.classes = [...Array(scene.classes).keys()];
    const each = (kind) => Object.fromEntries(scene.losses.map((loss) => [loss, arrays[`${kind}:${loss}`]]));
    [this.logits, this.found, this.given] = [each("logit"), each("found"), each("entropy")];
    this.setLabels(arrays.labels || null, arrays.labels ? this.classes.map((cls) => arrays["distance:" + cls]) : null);
  }

  // New labels (a painted mask): fields and areas follow; the networks need not run again.
  setLabels(labels, distance) {
    this.labels = labels;
    this.drawn = Boolean(labels) && !distance; // made in the page, unknown to Python
    this.entropy = {};
    this.byDistance = {};
    this.edgeAt = null;
    this.ignored = 0; // how many pixels
    if (!labels) return;
    for (const label of labels) if (label === IGNORE) this.ignored++;
    this.valid = this.count - this.ignored;
    this.distance = distance || this.classes.map((cls) => distanceField(labels, cls, this.size));
    this.areas = this.distance.map((field) => areaCurve(field, labels)); // areas[cls][R]
    this.near = this.distance[1]; // distance to the nearest object
    if (this.classes.length > 2) this.near = this.distance.slice(2).reduce((a, b) => a.map((d, i) => Math.min(d, b[i])), this.near);
  }

  // Cross entropy in nats of one network at every pixel.
  crossEntropy(loss) {
    if (!this.entropy[loss]) {
      const map = new Float32Array(this.count);
      const logit = this.logits[loss];
      const given = this.given[loss];
      for (let i = 0; i < this.count; i++) {
        if (given) map[i] = given[i] * this.step; // 0 where ignored
        else if (this.labels[i] !== IGNORE) map[i] = softplus((this.labels[i] ? -1 : 1) * logit[i] * this.step);
      }
      this.entropy[loss] = map;
    }
    return this.entropy[loss];
  }

  // Weight a class gives to the pixels it covers, background first.
  classWeights(weighting, radius) {
    if (weighting === "none") return this.classes.map(() => 1 / Math.max(this.valid, 1));
    const area = (cls) => this.areas[cls][weighting === "dilated" ? radius : 0];
    const of = weighting === "dilated" ? (a) => 1 / (1 + a) : (a) => 1 / Math.max(a, 1);
    return this.classes.map((cls) => (area(cls) ? Math.fround(of(area(cls))) : 0));
  }

  // Whether a class gives its weight to pixel i.
  covers(cls, i, weighting, radius) {
    if (this.labels[i] === IGNORE) return false;
    return weighting === "dilated" ? this.distance[cls][i] <= radius : this.labels[i] === cls;
  }

  // Weight of pixel i given those of the classes: Eq. 5 where dilated, that of its own class otherwise.
  weightAt(i, weighting, radius, weights) {
    if (this.labels[i] === IGNORE) return 0;
    if (weighting !== "dilated") return weights[this.labels[i]];
    let most = 0;
    for (const cls of this.classes) if (weights[cls] > most && this.distance[cls][i] <= radius) most = weights[cls];
    return most;
  }

  // Weight of every pixel, or that of one class by itself, Eq. 4.
  weightMap(weighting, radius, out = new Float32Array(this.count), only = null) {
    const weights = this.classWeights(weighting, radius);
    if (only !== null) {
      for (let i = 0; i < this.count; i++) out[i] = this.covers(only, i, weighting, radius) ? weights[only] : 0;
    } else if (weighting !== "dilated") {
      const of = new Float64Array(IGNORE + 1); // by label
      of.set(weights);
      for (let i = 0; i < this.count; i++) out[i] = of[this.labels[i]];
    } else {
      out.fill(0);
      const rising = this.classes.filter((cls) => weights[cls]).sort((a, b) => weights[a] - weights[b]);
      for (const cls of rising) {
        const [field, weight] = [this.distance[cls], weights[cls]];
        for (let i = 0; i < this.count; i++) if (field[i] <= radius) out[i] = weight; // the largest comes last
      }
      if (this.ignored) for (let i = 0; i < this.count; i++) if (this.labels[i] === IGNORE) out[i] = 0;
    }
    return out;
  }

  // Largest cross entropy, weight and weighted loss over all networks and weightings: one scale for all.
  tops(radius) {
    const top = { ce: 0, w: 0, wce: 0 };
    const entropy = new Float32Array(this.count);
    for (const loss of this.losses) {
      const own = this.crossEntropy(loss);
      for (let i = 0; i < this.count; i++) entropy[i] = Math.max(entropy[i], own[i]);
    }
    for (const weighting of WEIGHTINGS) {
      const weight = this.weightMap(weighting, radius);
      for (let i = 0; i < this.count; i++) {
        top.ce = Math.max(top.ce, entropy[i]);
        top.w = Math.max(top.w, weight[i]);
        top.wce = Math.max(top.wce, weight[i] * entropy[i]);
      }
    }
    return top;
  }

  // Number of pixels, or the cross entropy of a network, summed by class and by distance to the other class:
  // all that sums of weights and of weighted losses of two classes need, for every radius.
  sums(loss = null) {
    const key = loss || "";
    if (!this.byDistance[key]) {
      const sums = [new Float64Array(FAR + 1), new Float64Array(FAR + 1)];
      const entropy = loss ? this.crossEntropy(loss) : null;
      for (let i = 0; i < this.count; i++) {
        const own = this.labels[i];
        if (own === IGNORE) continue;
        sums[own][this.distance[1 - own][i]] += entropy ? entropy[i] : 1;
      }
      this.byDistance[key] = sums;
    }
    return this.byDistance[key];
  }

  // Share of object, rim and far background in the sum of the weights, or of the weighted loss of a network.
  shares(weighting, radius, loss = null) {
    const parts = this.classes.length > 2 ? this.partsOfMany(weighting, radius, loss) : this.partsOfTwo(weighting, radius, loss);
    const total = parts[0] + parts[1] + parts[2];
    return parts.map((part) => (total > 0 ? part / total : 0));
  }

  partsOfTwo(weighting, radius, loss) {
    const weights = this.classWeights(weighting, radius);
    const sums = this.sums(loss);
    const parts = [0, 0, 0];
    for (let d = 0; d <= FAR; d++) {
      const reached = d <= radius;
      const lift = weighting === "dilated" && reached; // the other class covers these pixels too
      parts[0] += sums[1][d] * (lift ? Math.max(...weights) : weights[1]);
      parts[reached ? 1 : 2] += sums[0][d] * (lift ? Math.max(...weights) : weights[0]);
    }
    return parts;
  }

  partsOfMany(weighting, radius, loss) {
    const weight = this.weightMap(weighting, radius, (this.spare ||= new Float32Array(this.count)));
    const entropy = loss ? this.crossEntropy(loss) : null;
    const parts = [0, 0, 0];
    for (let i = 0; i < this.count; i++)
      if (weight[i]) parts[this.labels[i] ? 0 : this.near[i] <= radius ? 1 : 2] += entropy ? weight[i] * entropy[i] : weight[i];
    return parts;
  }

  // Pixels of an object with a neighbour of another class.
  edge() {
    if (!this.edgeAt) {
      const { labels, size, classes } = this;
      this.edgeAt = classes.slice(1).flatMap((cls) => (this.areas[cls][0] ? outline((i) => labels[i] === cls, size) : []));
    }
    return this.edgeAt;
  }

  // The logit, in steps, that a prediction must exceed at a threshold of the probability.
  limit(threshold) {
    return Math.log(threshold / (1 - threshold)) / this.step;
  }

  // Everything counted at a threshold: scores, and wrong pixels in the rim, far away, and missed.
  compare(loss, radius, threshold) {
    const logit = this.logits[loss];
    const limit = this.limit(threshold);
    let tp = 0, missed = 0, rim = 0, far = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.labels[i] === IGNORE) continue;
      const found = logit[i] > limit;
      if (this.labels[i]) found ? tp++ : missed++;
      else if (found) this.near[i] <= radius ? rim++ : far++;
    }
    return { scores: scoresOf(tp, rim + far, missed), errors: { rim, far, missed } };
  }

  // Dice between the predictions of two networks.
  agreement(a, b, threshold) {
    const [first, second] = [this.logits[a], this.logits[b]];
    const limit = this.limit(threshold);
    let both = 0, onlyFirst = 0, onlySecond = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.labels?.[i] === IGNORE) continue;
      const [p, q] = [first[i] > limit, second[i] > limit];
      if (p && q) both++;
      else if (p) onlyFirst++;
      else if (q) onlySecond++;
    }
    return scoresOf(both, onlyFirst, onlySecond).dice;
  }

  // Several classes: scores of every class in two label maps (null where neither holds it), and wrong pixels.
  compareLabels(real, found, radius) {
    const n = this.classes.length;
    const cells = new Int32Array(n * n);
    for (let i = 0; i < this.count; i++) if (real[i] !== IGNORE) cells[real[i] * n + found[i]]++;
    const sum = (of) => this.classes.reduce((total, k) => total + of(k), 0);
    const scores = this.classes.map((cls) => {
      const tp = cells[cls * n + cls];
      const [fn, fp] = [sum((k) => cells[cls * n + k]) - tp, sum((k) => cells[k * n + cls]) - tp];
      return tp + fp + fn ? scoresOf(tp, fp, fn) : null;
    });
    const present = scores.slice(1).filter(Boolean);
    const mean = present.length ? present.reduce((total, s) => total + s.dice, 0) / present.length : 1;
    const errors = { rim: 0, far: 0, missed: 0, confused: 0 };
    if (radius !== undefined)
      for (let i = 0; i < this.count; i++) {
        if (real[i] === found[i] || real[i] === IGNORE) continue;
        errors[real[i] ? (found[i] ? "confused" : "missed") : this.near[i] <= radius ? "rim" : "far"]++;
      }
    return { scores, mean, errors };
  }
}
