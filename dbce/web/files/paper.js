// What stands on the screen, on white paper: an SVG whose pictures are exact and whose text is text, and a PNG of it.
// Controls are left out, but for what is chosen with them.

const NAMESPACE = "http://www.w3.org/2000/svg";
const EDGE = 16; // pixels around what is shown
const HEAD = 26; // for the line above it
const LEFT_OUT = ".hide, .ring, .cross, .over, noscript"; // beside what paper.css hides
const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity"];
const WRITTEN = ["font-size", "font-family", "font-weight", "font-style", "text-anchor"];
const INK = "#17181b";

/**
 * @param {HTMLElement} shown
 * @param {string} heading a line above it
 * @returns {{svg: string, width: number, height: number}} sides in CSS pixels
 */
export function onPaper(shown, heading) {
  const box = shown.getBoundingClientRect();
  const [width, height] = [Math.ceil(box.width) + 2 * EDGE, Math.ceil(box.height) + 2 * EDGE + HEAD];
  const pen = new Pen(EDGE - box.left, EDGE + HEAD - box.top);
  pen.visit(shown);
  const font = escaped(getComputedStyle(shown).fontFamily);
  const letters = `font-size="15" font-weight="600" fill="${INK}" font-family="${font}"`;
  const head = `<text x="${EDGE}" y="${EDGE + 13}" ${letters}>${escaped(heading)}</text>`;
  const svg = `<svg xmlns="${NAMESPACE}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" fill="#fff"/>
${head}
${pen.clips.length ? `<defs>${pen.clips.join("")}</defs>` : ""}
${pen.parts.join("\n")}
</svg>
`;
  return { svg, width, height };
}

/**
 * The same as pixels.
 * @param {{svg: string, width: number, height: number}} paper
 * @param {number} scale pixels of the PNG a CSS pixel
 * @returns {Promise<Uint8Array>}
 */
export async function rastered({ svg, width, height }, scale) {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const picture = new Image(width, height);
    picture.src = url;
    await picture.decode();
    const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
  } finally {
    URL.revokeObjectURL(url);
  }
}

class Pen {
  /** @type {string[]} */
  parts = [];
  /** @type {string[]} */
  clips = [];

  /** @param {number} right @param {number} down where the paper's corner lies, seen from the window's */
  constructor(right, down) {
    this.right = right;
    this.down = down;
  }

  /** @param {Element} element */
  visit(element) {
    if (element.matches(LEFT_OUT) || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      return;
    if (element instanceof HTMLCanvasElement) return this.picture(element);
    if (element instanceof SVGSVGElement) return this.chart(element);
    this.ground(element);
    for (const node of element.childNodes) {
      if (node instanceof Element) this.visit(node);
      else if (node instanceof Text) this.write(node, element);
    }
  }

  /** @param {DOMRect} box */
  place({ left, top, width, height }) {
    const [x, y] = [left + this.right, top + this.down];
    return `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
  }

  /** @param {Element} element its colour and its border */
  ground(element) {
    const style = getComputedStyle(element);
    const fill = isSeen(style.backgroundColor) ? style.backgroundColor : "none";
    const line = parseFloat(style.borderTopWidth) && isSeen(style.borderTopColor) ? style.borderTopColor : "none";
    if (fill === "none" && line === "none") return;
    const round = Math.min(parseFloat(style.borderTopLeftRadius) || 0, 12);
    const box = this.place(element.getBoundingClientRect());
    this.parts.push(`<rect ${box} rx="${round}" fill="${fill}" stroke="${line}"/>`);
  }

  /** @param {HTMLCanvasElement} canvas of which the part in its frame is shown */
  picture(canvas) {
    const frame = canvas.closest(".frame");
    let clip = "";
    if (frame) {
      clip = ` clip-path="url(#frame-${this.clips.length})"`;
      const box = this.place(frame.getBoundingClientRect());
      this.clips.push(`<clipPath id="frame-${this.clips.length}"><rect ${box}/></clipPath>`);
    }
    const box = this.place(canvas.getBoundingClientRect());
    const href = canvas.toDataURL("image/png");
    const how = `preserveAspectRatio="none" style="image-rendering: pixelated"`;
    this.parts.push(`<image ${box}${clip} ${how} href="${href}"/>`);
  }

  /** @param {SVGSVGElement} chart */
  chart(chart) {
    const copy = /** @type {SVGSVGElement} */ (chart.cloneNode(true));
    const [own, theirs] = [chart, copy].map((svg) => [svg, ...svg.querySelectorAll("*")]);
    for (const [i, element] of own.entries()) {
      const style = getComputedStyle(element);
      for (const name of [...DRAWN, ...(element instanceof SVGTextElement ? WRITTEN : [])])
        theirs[i].setAttribute(name, style.getPropertyValue(name));
      if (style.display === "none" || style.visibility === "hidden") theirs[i].setAttribute("display", "none");
      theirs[i].removeAttribute("style");
      theirs[i].removeAttribute("class");
    }
    const box = chart.getBoundingClientRect();
    copy.setAttribute("x", short(box.left + this.right));
    copy.setAttribute("y", short(box.top + this.down));
    copy.setAttribute("width", short(box.width));
    copy.setAttribute("height", short(box.height));
    copy.setAttribute("overflow", "visible");
    this.parts.push(new XMLSerializer().serializeToString(copy));
  }

  /** @param {Text} node @param {Element} parent */
  write(node, parent) {
    if (!node.data.trim()) return;
    const { fontSize, fontFamily, fontWeight, fontStyle, color } = getComputedStyle(parent);
    const rise = ascent(`${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`);
    const font = `font-size="${fontSize}" font-family="${escaped(fontFamily)}" font-weight="${fontWeight}"`;
    for (const { text, left, top, width } of linesOf(node)) {
      const place = `x="${short(left + this.right)}" y="${short(top + rise + this.down)}"`;
      const long = `textLength="${short(width)}" lengthAdjust="spacingAndGlyphs"`;
      this.parts.push(`<text ${place} ${long} ${font} fill="${color}" xml:space="preserve">${escaped(text)}</text>`);
    }
  }
}

/** @param {string} colour */
const isSeen = (colour) => colour !== "transparent" && !/^rgba\(.*, 0\)$/.test(colour);

/** @param {number} value */
const short = (value) => String(Math.round(value * 100) / 100);

/** @param {string} text */
const escaped = (text) =>
  text.replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter] ?? letter);

/** @type {Map<string, number>} */
const ascents = new Map();

/** How far letters rise above their line, in pixels. @param {string} font */
function ascent(font) {
  const known = ascents.get(font);
  if (known !== undefined) return known;
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext("2d"));
  context.font = font;
  const rise = context.measureText("M").fontBoundingBoxAscent;
  ascents.set(font, rise);
  return rise;
}

/**
 * A text as the browser broke it into lines.
 * @param {Text} node
 */
function linesOf(node) {
  /** @type {{text: string, left: number, top: number, width: number}[]} */
  const lines = [];
  const range = document.createRange();
  let end = 0;
  // a line may break after a space or a hyphen
  for (const { 0: word, index } of node.data.matchAll(/[^\s-]*-+|[^\s-]+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const { left, right, top, width } = range.getBoundingClientRect();
    if (!width) continue;
    const last = lines.at(-1);
    if (last && Math.abs(last.top - top) < 2 && left >= last.left) {
      last.text += index > end ? ` ${word}` : word;
      last.width = right - last.left;
    } else lines.push({ text: word, left, top, width });
    end = index + word.length;
  }
  return lines;
}
