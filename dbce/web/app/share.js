// The state in the address: a link opens exactly this view. It never holds an upload.

// A reader takes the text of a field and gives its value, or undefined where it is none.
const oneOf = (...values) => (v) => (values.includes(v) ? v : undefined);
const someOf = (values) => (v) => (v.split(".").every((part) => values.includes(part)) ? [...new Set(v.split("."))] : undefined);
const between = (low, high) => (v) => (/^\d{1,4}(\.\d{1,20})?$/.test(v) && +v >= low && +v <= high ? +v : undefined);
const whole = (low, high) => (v) => (/^\d{1,4}$/.test(v) ? between(low, high)(v) : undefined);
const SHARED = new Map(Object.entries({ // a Map, because an object knows names like toString that nobody put there
  tab: (v) => (Object.hasOwn(tabs, v) && !$("#tab-" + v).hidden ? v : undefined),
  slice: CONFIG.classes.length > 2 ? whole(0, CONFIG.slices - 1) : () => undefined,
  cls: CONFIG.classes.length > 2 ? whole(1, CONFIG.classes.length - 1) : () => undefined,
  example: whole(0, CONFIG.examples.length - 1),
  weighting: oneOf(...WEIGHTINGS),
  loss: oneOf(...CONFIG.losses),
  of: oneOf("weight", "loss"),
  radius: whole(0, CONFIG.max_radius),
  threshold: between(0.01, 0.99),
  palette: oneOf("paper", "safe"),
  below: oneOf("probability", "entropy", "weighted"),
  shape: oneOf("fill", "outline"),
  scale: oneOf("own", "shared"),
  opacity: between(0, 1),
  outline: (v) => ({ yes: true, no: false })[oneOf("yes", "no")(v)],
  shown: someOf(CONFIG.losses),
  layers: someOf(["tp", "fp", "fn"]),
}));
const plain = { ...state, shown: [...state.shown], layers: [...state.layers] }; // what a link may leave out
const written = (v) => (Array.isArray(v) ? v.join(".") : typeof v === "boolean" ? (v ? "yes" : "no") : String(v));
const ALWAYS = ["tab", "example", "weighting", "loss", "radius", "threshold"];
const fieldsOf = (text) => new URLSearchParams(text.replace(/^#/, ""));

// What a link asks for, and the names of the fields that are not understood and left out.
function stateFromLink(text) {
  const found = {};
  const unknown = new Set();
  for (const [name, value] of fieldsOf(text)) {
    const good = SHARED.get(name)?.(value);
    if (good !== undefined) found[name] = good;
    else if (name !== "view" || !viewOf(value)) unknown.add(name.slice(0, 20) || "an empty name");
  }
  return { found, unknown: [...unknown].slice(0, 5) };
}

function linkToState() {
  const parts = new URLSearchParams();
  for (const name of SHARED.keys()) {
    const now = state[name];
    if (now === null || (name === "slice" && state.example === null) || (Array.isArray(now) && !now.length)) continue;
    if (ALWAYS.includes(name) || written(now) !== written(plain[name])) parts.set(name, written(now));
  }
  if (zoom.view.scale > 1) parts.set("view", [zoom.view.scale, zoom.view.x, zoom.view.y].map((v) => v.toFixed(3)).join("_"));
  return `${location.origin}${location.pathname}${location.search}#${parts}`;
}

// scale_x_y -> three numbers, or null
function viewOf(text) {
  const numbers = text.split("_").map((v) => (/^-?\d{1,3}(\.\d{1,20})?$/.test(v) ? +v : NaN));
  return numbers.length === 3 && numbers[0] >= 1 && Number.isFinite(numbers[1] + numbers[2]) ? numbers : null;
}

// Where a link looks, if it says so.
function viewFromLink(text) {
  const view = viewOf(fieldsOf(text).get("view") || "");
  if (view) zoom.look(...view);
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
