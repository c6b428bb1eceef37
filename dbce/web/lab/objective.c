// The losses with their gradients, and what follows from a gradient: Adam and the averaged weights.
//
// exp and log are made of operations that IEEE 754 defines to the last bit; their twins are in arithmetic.js.
typedef const float *restrict in;
typedef float *restrict out;
typedef union {
  double value;
  long long bits;
} number;

#define EXPORT __attribute__((visibility("default")))
#define MOST_OBJECTS 7

// e^x for x <= 0; 0 below -700
EXPORT double exponential(double x) {
  if (x < -700) return 0;
  const double k = __builtin_rint(x * 1.4426950408889634);
  const double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10; // ln 2 in two parts
  double sum = 1, term = 1;
  for (int i = 1; i < 16; i++) term *= r / i, sum += term;
  const number power = {.bits = ((long long)k + 1023) << 52};
  return sum * power.value;
}

// ln x for normal x > 0
EXPORT double logarithm(double x) {
  number m = {.value = x};
  double k = (double)((m.bits >> 52) - 1023);
  m.bits = (m.bits & 0xfffffffffffffLL) | 0x3ff0000000000000LL;
  if (m.value > 1.4142135623730951) m.value /= 2, k += 1;
  const double t = (m.value - 1) / (m.value + 1), q = t * t;
  double sum = 0, term = t;
  for (int i = 1; i < 27; i += 2) sum += term / i, term *= q;
  return k * 0.693147180369123816490 + (2 * sum + k * 1.90821492927058770002e-10);
}

// The softmax over the background, whose logit is 0, and the objects: p[object]; returns -log p of the true class.
static double softmax(const float *z, int stride, int objects, int label, double *p) {
  double top = 0;
  for (int k = 0; k < objects; k++)
    if (z[k * stride] > top) top = z[k * stride];
  double sum = exponential(-top);
  for (int k = 0; k < objects; k++) sum += p[k] = exponential(z[k * stride] - top);
  for (int k = 0; k < objects; k++) p[k] /= sum;
  return top + logarithm(sum) - (label ? z[(label - 1) * stride] : 0);
}

// z: [image][object][pixel] logits -> p: probabilities
EXPORT void probabilities(in z, out p, int objects, int count, int n) {
  double q[MOST_OBJECTS];
  for (int b = 0; b < n; b++, z += objects * count, p += objects * count)
    for (int i = 0; i < count; i++) {
      softmax(z + i, count, objects, 0, q);
      for (int k = 0; k < objects; k++) p[k * count + i] = q[k];
    }
}

// 1 - soft Dice of every object that occurs in an image, their mean; adds its gradient / n to gz. p: probabilities.
static double dice(const float *p, const unsigned char *labels, float *gz, int objects, int count, int n) {
  double overlap[MOST_OBJECTS] = {0}, mass[MOST_OBJECTS] = {0}, area[MOST_OBJECTS] = {0}, present = 0, loss = 0;
  for (int k = 0; k < objects; k++) {
    for (int i = 0; i < count; i++) {
      const int own = labels[i] == k + 1;
      mass[k] += p[k * count + i], area[k] += own, overlap[k] += own ? p[k * count + i] : 0;
    }
    present += area[k] > 0;
  }
  if (!present) return 0;
  for (int k = 0; k < objects; k++)
    if (area[k] > 0) loss += (1 - 2 * overlap[k] / (mass[k] + area[k])) / present;
  for (int i = 0; i < count; i++) {
    double slope[MOST_OBJECTS], mean = 0;
    for (int k = 0; k < objects; k++) {
      const double both = mass[k] + area[k];
      slope[k] = area[k] > 0 ? (2 * overlap[k] / both - 2 * (labels[i] == k + 1)) / both / present : 0;
      mean += p[k * count + i] * slope[k];
    }
    for (int k = 0; k < objects; k++) gz[k * count + i] += p[k * count + i] * (slope[k] - mean) / n;
  }
  return loss;
}

// Sum of weight * cross entropy, plus 1 - soft Dice if asked, the mean over n images; gz: its gradient.
// z, p, gz: [image][object][pixel]; labels, weight: [image][pixel]
EXPORT double objective(in z, const unsigned char *restrict labels, in weight, out p, out gz, int objects, int count,
                        int n, int with_dice) {
  double loss = 0, q[MOST_OBJECTS];
  for (int b = 0; b < n; b++) {
    for (int i = 0; i < count; i++) {
      loss += weight[i] * softmax(z + i, count, objects, labels[i], q) / n;
      for (int k = 0; k < objects; k++) {
        p[k * count + i] = q[k];
        gz[k * count + i] = weight[i] * (q[k] - (labels[i] == k + 1)) / n;
      }
    }
    if (with_dice) loss += dice(p, labels, gz, objects, count, n) / n;
    z += objects * count, p += objects * count, gz += objects * count, labels += count, weight += count;
  }
  return loss;
}

// Adam (Kingma and Ba 2015) with 0.9, 0.999 and 1e-8; c1, c2: 1 / (1 - 0.9^t), 1 / (1 - 0.999^t)
EXPORT void adam(out w, in g, out m, out v, int count, float rate, float c1, float c2) {
  for (int i = 0; i < count; i++) {
    m[i] = .9f * m[i] + .1f * g[i];
    v[i] = .999f * v[i] + .001f * g[i] * g[i];
    w[i] -= rate * (m[i] * c1) / (__builtin_sqrtf(v[i] * c2) + 1e-8f);
  }
}

// mean += share * (w - mean)
EXPORT void average(out mean, in w, int count, float share) {
  for (int i = 0; i < count; i++) mean[i] += share * (w[i] - mean[i]);
}
