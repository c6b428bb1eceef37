// What the panels are made of: colours, numbers in words, and the square picture that every tab uses.

// Little-endian RGBA words, as ImageData holds them.
const rgba = (r, g, b, a = 255) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
const hex = (text) => rgba(...[1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)));
const colour = (name) => hex(getComputedStyle(root).getPropertyValue("--" + name).trim());
const MAGMA = (() => {
  const rgb = bytes(CONFIG.magma);
  return Uint32Array.from({ length: 256 }, (_, i) => rgba(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]));
})();
const [BLACK, WHITE] = [rgba(8, 8, 10), rgba(242, 242, 242)];
const HATCH = [rgba(92, 98, 110), rgba(138, 145, 158)]; // over ignored pixels
const GREY = Uint32Array.from({ length: 256 }, (_, i) => rgba(i, i, i));

// k/256 of one colour and the rest of another
function mix(a, b, k) {
  const rb = ((a & 0xff00ff) * k + (b & 0xff00ff) * (256 - k)) / 256;
  const g = ((a & 0xff00) * k + (b & 0xff00) * (256 - k)) / 256;
  return ((255 << 24) | (rb & 0xff00ff) | (g & 0xff00)) >>> 0;
}

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
    this.figure.innerHTML = `<div class="frame"><div class="stage"><canvas role="img" tabindex="0"></canvas><div class="ring"></div><div class="cross"></div></div></div>
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

  // Hatches the ignored pixels.
  hatch() {
    if (!study.ignored) return;
    const { labels, size } = study;
    for (let i = 0; i < labels.length; i++) if (labels[i] === IGNORE) this.pixels[i] = HATCH[+(((i % size) + ((i / size) | 0)) % 6 < 2)];
  }

  // Says below the panel how many pixels are ignored, where there are any.
  tellIgnored() {
    if (!this.legend) {
      this.figure.insertAdjacentHTML("beforeend", `<p class="legend" data-legend="ignored"><span><i class="ignored"></i><span></span></span></p>`);
      this.legend = this.figure.lastElementChild;
    }
    this.legend.hidden = !study.ignored;
    this.legend.querySelector("span span").textContent = `ignored: ${grouped(study.ignored)} px`;
  }

  // With `clear`, its black pixels let the image through wholly as soon as anything does.
  show(text, clear = false) {
    const { pixels } = this;
    const k = Math.round(state.opacity * 256);
    if (k < 256) for (let i = 0; i < pixels.length; i++) pixels[i] = clear && pixels[i] === BLACK ? photo[i] : mix(pixels[i], photo[i], k);
    this.context.putImageData(this.data, 0, 0);
    if (text) this.canvas.setAttribute("aria-label", text);
  }

  // Values from 0 to `top` through a table of 256 colours, and lines on top of them.
  map(values, top, table, text, lines = null) {
    const out = this.words();
    const factor = top > 0 ? 255 / top : 0;
    for (let i = 0; i < out.length; i++) out[i] = table[(values[i] * factor) | 0];
    this.show(text);
    if (lines) {
      for (const i of lines.at) out[i] = lines.colour;
      this.context.putImageData(this.data, 0, 0);
    }
    if (this.ends) {
      this.ends[0].textContent = "0";
      this.ends[1].textContent = digits(top);
    }
  }

  // Nothing: what an image showed does not stay for the next one.
  clear() {
    this.words().fill(0);
    this.context.putImageData(this.data, 0, 0);
    this.canvas.removeAttribute("aria-label");
  }

  image(text) {
    this.words();
    this.context.drawImage(picture, 0, 0);
    if (text) this.canvas.setAttribute("aria-label", text);
  }
}
const panels = [];

function largest(values) {
  let top = 0;
  for (const v of values) if (v > top) top = v;
  return top;
}
