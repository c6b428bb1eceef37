// The layers of a small U-Net, forward and backward, for WebAssembly with 128-bit vectors; `make lab` compiles them.
//
// A map is [image][channel][row][column] in float32, each plane surrounded by one pixel of zeros; h is its side without
// them, a multiple of 8. Every sum has one order and nothing is "relaxed": the same input gives the same bits everywhere.
#include <wasm_simd128.h>

typedef v128_t vec;
typedef const float *restrict in;
typedef float *restrict out;

#define EXPORT __attribute__((visibility("default")))
#define ZERO wasm_f32x4_splat(0)
#define load wasm_v128_load
#define store wasm_v128_store
#define splat wasm_f32x4_splat
#define add wasm_f32x4_add
#define sub wasm_f32x4_sub
#define mul wasm_f32x4_mul
#define MADD(sum, a, b) sum = add(sum, mul(a, b))

static inline float total(vec a) {
  return wasm_f32x4_extract_lane(a, 0) + wasm_f32x4_extract_lane(a, 1) + wasm_f32x4_extract_lane(a, 2) +
         wasm_f32x4_extract_lane(a, 3);
}

// y[co] = sum over ci of the 3 x 3 correlation of x[ci] with w[co][ci]; co is a multiple of 4
//
// A tile is 4 channels x 2 rows x 4 columns: 8 sums. The loop over the rows of w stays one: as a single block, all nine
// taps are reordered by V8, which then keeps what it loaded in memory and takes a quarter more time.
EXPORT void convolve(in x, in w, out y, int ci, int co, int h, int n) {
  const int s = h + 2, plane = s * s;
  for (int b = 0; b < n; b++)
    for (int o = 0; o < co; o += 4)
      for (int i = 0; i < h; i += 2)
        for (int j = 0; j < h; j += 4) {
          vec a0 = ZERO, a1 = ZERO, b0 = ZERO, b1 = ZERO, c0 = ZERO, c1 = ZERO, d0 = ZERO, d1 = ZERO;
          const float *w0 = w + o * ci * 9, *w1 = w0 + ci * 9, *w2 = w1 + ci * 9, *w3 = w2 + ci * 9;
          for (int c = 0; c < ci; c++) {
            const float *p = x + (b * ci + c) * plane + i * s + j;
#pragma clang loop unroll(disable)
            for (int row = 0; row < 3; row++, p += s, w0 += 3, w1 += 3, w2 += 3, w3 += 3) {
#pragma unroll
              for (int k = 0; k < 3; k++) {
                const vec u = load(p + k), v = load(p + k + s);
                vec t = wasm_v128_load32_splat(w0 + k);
                MADD(a0, t, u), MADD(a1, t, v);
                t = wasm_v128_load32_splat(w1 + k);
                MADD(b0, t, u), MADD(b1, t, v);
                t = wasm_v128_load32_splat(w2 + k);
                MADD(c0, t, u), MADD(c1, t, v);
                t = wasm_v128_load32_splat(w3 + k);
                MADD(d0, t, u), MADD(d1, t, v);
              }
            }
          }
          float *r = y + (b * co + o) * plane + (i + 1) * s + j + 1;
          store(r, a0), store(r + s, a1), r += plane;
          store(r, b0), store(r + s, b1), r += plane;
          store(r, c0), store(r + s, c1), r += plane;
          store(r, d0), store(r + s, d1);
        }
}

// gradient of w, given that of y; two channels at a time, since their sums and what is loaded fit 16 registers
EXPORT void convolve_weights(in x, in gy, out gw, int ci, int co, int h, int n) {
  const int s = h + 2, plane = s * s;
  for (int o = 0; o < co; o += 2)
    for (int c = 0; c < ci; c++)
      for (int row = 0; row < 3; row++) {
        vec sum[2][3];
        for (int i = 0; i < 6; i++) sum[i / 3][i % 3] = ZERO;
        for (int b = 0; b < n; b++)
          for (int i = 0; i < h; i++) {
            const float *p = x + (b * ci + c) * plane + (i + row) * s;
            const float *q = gy + (b * co + o) * plane + (i + 1) * s + 1;
            for (int j = 0; j < h; j += 4) {
              const vec u0 = load(p + j), u1 = load(p + j + 1), u2 = load(p + j + 2);
#pragma unroll
              for (int k = 0; k < 2; k++) {
                const vec g = load(q + k * plane + j);
                MADD(sum[k][0], u0, g), MADD(sum[k][1], u1, g), MADD(sum[k][2], u2, g);
              }
            }
          }
        for (int i = 0; i < 6; i++) gw[((o + i / 3) * ci + c) * 9 + row * 3 + i % 3] = total(sum[i / 3][i % 3]);
      }
}

// t[ci][co]: the weights with which `convolve` takes the gradient of y to that of x
EXPORT void transpose(in w, out t, int ci, int co) {
  for (int o = 0; o < co; o++)
    for (int c = 0; c < ci; c++)
      for (int k = 0; k < 9; k++) t[(c * co + o) * 9 + 8 - k] = w[(o * ci + c) * 9 + k];
}

// y = ReLU(batch norm(x)); affine: gamma[c], beta[c]; used: mean[c], 1 / deviation[c]; running: mean[c], variance[c]
EXPORT void normalize(in x, out y, in affine, out used, out running, int c, int h, int n, int train) {
  const int s = h + 2, plane = s * s;
  const double count = (double)n * h * h;
  for (int k = 0; k < c; k++) {
    float mean = running[k], variance = running[c + k];
    if (train) {
      double sum = 0;
      for (int r = 0; r < n * h; r++) {
        const float *p = x + ((r / h) * c + k) * plane + (r % h + 1) * s + 1;
        vec a = ZERO;
        for (int j = 0; j < h; j += 4) a = add(a, load(p + j));
        sum += total(a);
      }
      mean = sum / count, sum = 0;
      for (int r = 0; r < n * h; r++) {
        const float *p = x + ((r / h) * c + k) * plane + (r % h + 1) * s + 1;
        vec a = ZERO;
        for (int j = 0; j < h; j += 4) {
          const vec d = sub(load(p + j), splat(mean));
          MADD(a, d, d);
        }
        sum += total(a);
      }
      variance = sum / count;
      running[k] += .1f * (mean - running[k]);
      running[c + k] += .1f * ((float)(sum / (count - 1)) - running[c + k]);
    }
    used[k] = mean, used[c + k] = 1 / __builtin_sqrtf(variance + 1e-5f);
    const vec m = splat(mean), scale = splat(affine[k] * used[c + k]), shift = splat(affine[c + k]);
    for (int r = 0; r < n * h; r++) {
      const int at = ((r / h) * c + k) * plane + (r % h + 1) * s + 1;
      for (int j = at; j < at + h; j += 4)
        store(y + j, wasm_f32x4_max(ZERO, add(mul(sub(load(x + j), m), scale), shift)));
    }
  }
}

// g: gradient of y, becomes that of x; gaffine: those of gamma and beta
EXPORT void normalize_backward(in x, in y, out g, in affine, in used, out gaffine, int c, int h, int n) {
  const int s = h + 2, plane = s * s;
  const float count = (float)n * h * h;
  for (int k = 0; k < c; k++) {
    const vec m = splat(used[k]), d = splat(used[c + k]);
    double sum = 0, product = 0;
    for (int r = 0; r < n * h; r++) {
      const int at = ((r / h) * c + k) * plane + (r % h + 1) * s + 1;
      vec a = ZERO, q = ZERO;
      for (int j = at; j < at + h; j += 4) {
        const vec u = wasm_v128_and(load(g + j), wasm_f32x4_gt(load(y + j), ZERO));
        store(g + j, u);
        a = add(a, u);
        MADD(q, u, mul(sub(load(x + j), m), d));
      }
      sum += total(a), product += total(q);
    }
    gaffine[k] = product, gaffine[c + k] = sum;
    const vec scale = splat(affine[k] * used[c + k]), mean = splat((float)sum / count);
    const vec slope = splat((float)product / count);
    for (int r = 0; r < n * h; r++) {
      const int at = ((r / h) * c + k) * plane + (r % h + 1) * s + 1;
      for (int j = at; j < at + h; j += 4)
        store(g + j, mul(scale, sub(sub(load(g + j), mean), mul(mul(sub(load(x + j), m), d), slope))));
    }
  }
}

// y, of side h / 2: the largest of every 2 x 2 pixels
EXPORT void pool(in x, out y, int c, int h, int n) {
  const int s = h + 2, half = h / 2, t = half + 2;
  for (int k = 0; k < c * n; k++)
    for (int i = 0; i < half; i++)
      for (int j = 0; j < half; j++) {
        const float *p = x + k * s * s + (2 * i + 1) * s + 2 * j + 1;
        const float a = p[0] > p[1] ? p[0] : p[1], b = p[s] > p[s + 1] ? p[s] : p[s + 1];
        y[k * t * t + (i + 1) * t + j + 1] = a > b ? a : b;
      }
}

// adds to gx, at the first of the largest
EXPORT void pool_backward(in x, in gy, out gx, int c, int h, int n) {
  const int s = h + 2, half = h / 2, t = half + 2;
  for (int k = 0; k < c * n; k++)
    for (int i = 0; i < half; i++)
      for (int j = 0; j < half; j++) {
        const int at = k * s * s + (2 * i + 1) * s + 2 * j + 1;
        int best = at;
        if (x[at + 1] > x[best]) best = at + 1;
        if (x[at + s] > x[best]) best = at + s;
        if (x[at + s + 1] > x[best]) best = at + s + 1;
        gx[best] += gy[k * t * t + (i + 1) * t + j + 1];
      }
}

// y: the channels of low, of side h / 2, each pixel four times, then those of skip
EXPORT void join(in low, in skip, out y, int cl, int cs, int h, int n) {
  const int s = h + 2, plane = s * s, t = h / 2 + 2;
  for (int b = 0; b < n; b++, y += (cl + cs) * plane) {
    for (int c = 0; c < cl; c++) {
      const float *p = low + (b * cl + c) * t * t;
      for (int i = 0; i < h; i++)
        for (int j = 0; j < h; j++) y[c * plane + (i + 1) * s + j + 1] = p[(i / 2 + 1) * t + j / 2 + 1];
    }
    for (int i = 0; i < cs * plane; i++) y[cl * plane + i] = skip[b * cs * plane + i];
  }
}

EXPORT void join_backward(in gy, out glow, out gskip, int cl, int cs, int h, int n) {
  const int s = h + 2, plane = s * s, half = h / 2, t = half + 2;
  for (int b = 0; b < n; b++, gy += (cl + cs) * plane) {
    for (int c = 0; c < cl; c++)
      for (int i = 0; i < half; i++)
        for (int j = 0; j < half; j++) {
          const float *q = gy + c * plane + (2 * i + 1) * s + 2 * j + 1;
          glow[(b * cl + c) * t * t + (i + 1) * t + j + 1] = q[0] + q[1] + q[s] + q[s + 1];
        }
    for (int i = 0; i < cs * plane; i++) gskip[b * cs * plane + i] = gy[cl * plane + i];
  }
}

// z[image][object][pixel], without border: w[object] . x + bias; w: [object][c weights, then the bias]
EXPORT void head(in x, in w, out z, int c, int objects, int h, int n) {
  const int s = h + 2, plane = s * s;
  for (int r = 0; r < n * objects; r++) {
    const float *p = x + (r / objects) * c * plane, *q = w + (r % objects) * (c + 1);
    for (int i = 0; i < h; i++)
      for (int j = 0; j < h; j += 4) {
        vec sum = splat(q[c]);
        for (int k = 0; k < c; k++) MADD(sum, splat(q[k]), load(p + k * plane + (i + 1) * s + j + 1));
        store(z + (r * h + i) * h + j, sum);
      }
  }
}

EXPORT void head_backward(in x, in w, in gz, out gx, out gw, int c, int objects, int h, int n) {
  const int s = h + 2, plane = s * s;
  for (int k = 0; k < objects; k++)
    for (int m = 0; m <= c; m++) {
      double sum = 0;
      for (int r = 0; r < n * h; r++) {
        const float *p = x + ((r / h) * c + m) * plane + (r % h + 1) * s + 1;
        const float *g = gz + ((r / h) * objects + k) * h * h + (r % h) * h;
        vec a = ZERO;
        for (int j = 0; j < h; j += 4) a = add(a, m < c ? mul(load(p + j), load(g + j)) : load(g + j));
        sum += total(a);
      }
      gw[k * (c + 1) + m] = sum;
    }
  for (int r = 0; r < n * c; r++)
    for (int i = 0; i < h; i++)
      for (int j = 0; j < h; j += 4) {
        vec a = ZERO;
        for (int k = 0; k < objects; k++)
          MADD(a, splat(w[k * (c + 1) + r % c]), load(gz + (((r / c) * objects + k) * h + i) * h + j));
        store(gx + r * plane + (i + 1) * s + j + 1, a);
      }
}
