// The state in the address: a link opens exactly this view. It never holds an upload.

const oneOf = (...values) => (v) => values.includes(v) && v;
const someOf = (values) => (v) => v.split(".").every((part) => values.includes(part)) && v.split(".");
const between = (low, high) => (v) => v !== "" && +v >= low && +v <= high && +v;
const SHARED = {
  tab: (v) => tabs[v] && !$("#tab-" + v).hidden && v,
  slice: (v) => /^\d{1,3}$/.test(v) && +v < CONFIG.slices && +v,
  cls: (v) => /^\d$/.test(v) && +v > 0 && +v < CONFIG.classes.length && CONFIG.classes.length > 2 && +v,
  example: (v) => CONFIG.examples[+v] && /^\d+$/.test(v) && +v,
  weighting: oneOf(...WEIGHTINGS),
  loss: oneOf(...CONFIG.losses),
  of: oneOf("weight", "loss"),
  radius: (v) => +v >= 0 && +v <= CONFIG.max_radius && Math.round(+v),
  threshold: between(0.01, 0.99),
  palette: oneOf("paper", "safe"),
  below: oneOf("probability", "entropy", "weighted"),
  shape: oneOf("fill", "outline"),
  scale: oneOf("own", "shared"),
  opacity: between(0, 1),
  outline: oneOf("yes", "no"),
  shown: someOf(CONFIG.losses),
  layers: someOf(["tp", "fp", "fn"]),
};
const plain = { ...state, shown: [...state.shown], layers: [...state.layers] }; // what a link may leave out
const written = (v) => (Array.isArray(v) ? v.join(".") : typeof v === "boolean" ? (v ? "yes" : "no") : String(v));
const ALWAYS = ["tab", "example", "weighting", "loss", "radius", "threshold"];

// What a link asks for; a value that is not understood is left out.
function stateFromLink(text) {
  const found = {};
  for (const [name, value] of new URLSearchParams(text.replace(/^#/, ""))) {
    const good = SHARED[name]?.(value);
    if (good !== undefined && good !== false) found[name] = name === "outline" ? good === "yes" : good;
  }
  return found;
}

function linkToState() {
  const parts = new URLSearchParams();
  for (const name of Object.keys(SHARED)) {
    const now = state[name];
    if (now === null || (name === "slice" && state.example === null) || (Array.isArray(now) && !now.length)) continue;
    if (ALWAYS.includes(name) || written(now) !== written(plain[name])) parts.set(name, written(now));
  }
  if (zoom.view.scale > 1) parts.set("view", [zoom.view.scale, zoom.view.x, zoom.view.y].map((v) => v.toFixed(3)).join("_"));
  return `${location.origin}${location.pathname}${location.search}#${parts}`;
}

// Where a link looks, if it says so: scale_x_y.
function viewFromLink(text) {
  const [scale, x, y] = (new URLSearchParams(text.replace(/^#/, "")).get("view") || "").split("_").map(Number);
  if (scale >= 1 && Number.isFinite(x + y)) zoom.look(scale, x, y);
}

async function share() {
  const link = linkToState();
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    say(state.example === null ? "Link copied. It holds the settings; your image stays with you." : "Link copied: it opens exactly this view.");
  } catch {
    say("The link is in the address bar; copy it from there.");
  }
}
