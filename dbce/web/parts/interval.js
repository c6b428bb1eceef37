// An interval as a bar on a scale that several share, with its 0; grey where it holds 0.

const [WIDTH, HEIGHT, EDGE] = [300, 20, 6];

/**
 * The scale on which all of them are drawn.
 * @param {number[][]} intervals value, low, high of each
 */
export const scaleOf = (intervals) => ({
  low: Math.min(0, ...intervals.map(([, low]) => low)),
  high: Math.max(0, ...intervals.map(([, , high]) => high)),
});

/**
 * @param {number[]} interval value, low, high
 * @param {{low: number, high: number}} scale
 * @param {string} about what it is of
 * @param {number} width in units of the SVG
 */
export function bar([value, low, high], scale, about, width = WIDTH) {
  const x = (v) => (EDGE + ((v - scale.low) / (scale.high - scale.low || 1)) * (width - 2 * EDGE)).toFixed(1);
  const y = HEIGHT / 2;
  const chance = low <= 0 && high >= 0;
  const said = `${about}: ${value.toFixed(1)}, from ${low.toFixed(1)} to ${high.toFixed(1)}`;
  return `<svg class="interval${chance ? " chance" : ""}" viewBox="0 0 ${width} ${HEIGHT}" width="${width}"
    height="${HEIGHT}" role="img" aria-label="${said}"><line class="axis" x1="0" x2="${width}" y1="${y}" y2="${y}"/>
    <line class="zero" x1="${x(0)}" x2="${x(0)}" y1="1" y2="${HEIGHT - 1}"/>
    <line class="reach" x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}"/>
    <circle cx="${x(value)}" cy="${y}" r="4.5"/></svg>`;
}
