// The arithmetic of the page; nothing here touches the document.
// It mirrors dbce/dilation.py, dbce/losses.py and dbce/predictor.py, and a browser test holds them together.

const FAR = 255; // a distance of 255 px or more, or a class that does not occur
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
    arrays[name] = new { uint8: Uint8Array, int16: Int16Array }[type](buffer, offset, length);
  }
  return arrays;
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

// Area of the dilated class for every whole radius: the running sum of the field's histogram.
function areaCurve(field) {
  const curve = new Int32Array(FAR + 1);
  for (const d of field) curve[d]++;
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

// One image, its labels if any, and the logit of every network: the page's twin of predictor.Study.
class Study {
  constructor(scene, arrays) {
    this.size = scene.size;
    this.count = scene.size * scene.size;
    this.step = scene.logit_step;
    this.losses = scene.losses;
    this.logits = Object.fromEntries(scene.losses.map((loss) => [loss, arrays["logit:" + loss]]));
    this.setLabels(arrays.labels || null, arrays.labels ? [arrays["distance:0"], arrays["distance:1"]] : null);
  }

  // New labels (a painted mask): fields and areas follow; the networks need not run again.
  setLabels(labels, distance) {
    this.labels = labels;
    this.drawn = Boolean(labels) && !distance; // made in the page, unknown to Python
    this.entropy = {};
    this.byDistance = {};
    this.edgeAt = null;
    if (!labels) return;
    this.distance = distance || [0, 1].map((cls) => distanceField(labels, cls, this.size));
    this.areas = this.distance.map(areaCurve); // areas[cls][R]
  }

  // Cross entropy in nats of one network at every pixel.
  crossEntropy(loss) {
    if (!this.entropy[loss]) {
      const map = new Float32Array(this.count);
      const logit = this.logits[loss];
      for (let i = 0; i < this.count; i++) {
        const z = logit[i] * this.step;
        map[i] = softplus(this.labels[i] ? -z : z);
      }
      this.entropy[loss] = map;
    }
    return this.entropy[loss];
  }

  // Weight a class gives to the pixels it covers: [background, object].
  classWeights(weighting, radius) {
    if (weighting === "none") return [1 / this.count, 1 / this.count];
    const area = (cls) => this.areas[cls][weighting === "dilated" ? radius : 0];
    const of = weighting === "dilated" ? (a) => 1 / (1 + a) : (a) => 1 / Math.max(a, 1);
    return [0, 1].map((cls) => (area(cls) ? Math.fround(of(area(cls))) : 0));
  }

  // Weight of pixel i given those of the classes: Eq. 5 where dilated, that of its own class otherwise.
  weightAt(i, weighting, radius, weights) {
    if (weighting !== "dilated") return weights[this.labels[i]];
    const back = this.distance[0][i] <= radius ? weights[0] : 0;
    const front = this.distance[1][i] <= radius ? weights[1] : 0;
    return back > front ? back : front;
  }

  weightMap(weighting, radius, out = new Float32Array(this.count)) {
    const weights = this.classWeights(weighting, radius);
    for (let i = 0; i < this.count; i++) out[i] = this.weightAt(i, weighting, radius, weights);
    return out;
  }

  // Largest cross entropy, weight and weighted loss over all networks and weightings: one scale for all.
  tops(radius) {
    const weights = WEIGHTINGS.map((name) => this.classWeights(name, radius));
    const top = { ce: 0, w: 0, wce: 0 };
    for (let i = 0; i < this.count; i++) {
      let [ce, w] = [0, 0];
      for (const loss of this.losses) ce = Math.max(ce, this.crossEntropy(loss)[i]);
      for (let k = 0; k < WEIGHTINGS.length; k++) w = Math.max(w, this.weightAt(i, WEIGHTINGS[k], radius, weights[k]));
      top.ce = Math.max(top.ce, ce);
      top.w = Math.max(top.w, w);
      top.wce = Math.max(top.wce, w * ce);
    }
    return top;
  }

  // Number of pixels, or the cross entropy of a network, summed by class and by distance to the other class:
  // all that sums of weights and of weighted losses need, for every radius.
  sums(loss = null) {
    const key = loss || "";
    if (!this.byDistance[key]) {
      const sums = [new Float64Array(FAR + 1), new Float64Array(FAR + 1)];
      const entropy = loss ? this.crossEntropy(loss) : null;
      for (let i = 0; i < this.count; i++) {
        const own = this.labels[i];
        sums[own][this.distance[1 - own][i]] += entropy ? entropy[i] : 1;
      }
      this.byDistance[key] = sums;
    }
    return this.byDistance[key];
  }

  // Share of object, rim and far background in the sum of the weights, or of the weighted loss of a network.
  shares(weighting, radius, loss = null) {
    const weights = this.classWeights(weighting, radius);
    const sums = this.sums(loss);
    const parts = [0, 0, 0];
    for (let d = 0; d <= FAR; d++) {
      const reached = d <= radius;
      const lift = weighting === "dilated" && reached; // the other class covers these pixels too
      parts[0] += sums[1][d] * (lift ? Math.max(...weights) : weights[1]);
      parts[reached ? 1 : 2] += sums[0][d] * (lift ? Math.max(...weights) : weights[0]);
    }
    const total = parts[0] + parts[1] + parts[2];
    return parts.map((part) => (total > 0 ? part / total : 0));
  }

  // Pixels of the object with a neighbour outside.
  edge() {
    return (this.edgeAt ||= outline((i) => this.labels[i], this.size));
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
      const found = logit[i] > limit;
      if (this.labels[i]) found ? tp++ : missed++;
      else if (found) this.distance[1][i] <= radius ? rim++ : far++;
    }
    return { scores: scoresOf(tp, rim + far, missed), errors: { rim, far, missed } };
  }

  // Dice between the predictions of two networks.
  agreement(a, b, threshold) {
    const [first, second] = [this.logits[a], this.logits[b]];
    const limit = this.limit(threshold);
    let both = 0, onlyFirst = 0, onlySecond = 0;
    for (let i = 0; i < this.count; i++) {
      const [p, q] = [first[i] > limit, second[i] > limit];
      if (p && q) both++;
      else if (p) onlyFirst++;
      else if (q) onlySecond++;
    }
    return scoresOf(both, onlyFirst, onlySecond).dice;
  }
}
