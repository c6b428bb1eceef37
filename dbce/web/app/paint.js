// Painting a mask: everything follows the brush, and nothing leaves the page.

const painted = []; // earlier masks, for undo
let stroke = null;

function dab(from, to) {
  const labels = study.labels.slice();
  const { size } = study;
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / Math.max(1, state.brush / 2)));
  for (let s = 0; s <= steps; s++) {
    const cx = Math.round(from.x + ((to.x - from.x) * s) / steps);
    const cy = Math.round(from.y + ((to.y - from.y) * s) / steps);
    for (let y = Math.max(0, cy - state.brush); y <= Math.min(size - 1, cy + state.brush); y++)
      for (let x = Math.max(0, cx - state.brush); x <= Math.min(size - 1, cx + state.brush); x++)
        if ((x - cx) ** 2 + (y - cy) ** 2 <= state.brush ** 2) labels[y * size + x] = state.erase ? 0 : 1;
  }
  study.setLabels(labels);
}

function relabel(labels) {
  study.setLabels(labels);
  set({});
}

// Of a chosen organ there is nothing to paint: the cross entropy of every class would have to be here.
function startPainting() {
  if (MANY) return;
  if (!study.labels) study.setLabels(new Uint8Array(study.count));
  say("Paint the object on the image or on the labels. The maps follow your brush; the mask stays in this page.");
  set({ tab: "anatomy", painting: true, erase: false });
}

function stopPainting() {
  if (study.labels && !study.labels.includes(1)) study.setLabels(null);
  say(study.labels ? "Your painted mask is in use." : "No mask: nothing was painted.");
  set({ painting: false });
}
