// The state in the address: a link opens exactly this view. It never holds an upload.

const SHARED = {
  tab: (v) => tabs[v] && v,
  example: (v) => CONFIG.examples[+v] && /^\d+$/.test(v) && +v,
  weighting: (v) => WEIGHTINGS.includes(v) && v,
  loss: (v) => CONFIG.losses.includes(v) && v,
  of: (v) => ["weight", "loss"].includes(v) && v,
  radius: (v) => +v >= 0 && +v <= CONFIG.max_radius && Math.round(+v),
  threshold: (v) => +v >= 0.01 && +v <= 0.99 && +v,
  palette: (v) => ["paper", "safe"].includes(v) && v,
};

// What a link asks for; a value that is not understood is left out.
function stateFromLink(text) {
  const found = {};
  for (const [name, value] of new URLSearchParams(text.replace(/^#/, ""))) {
    const good = SHARED[name]?.(value);
    if (good !== undefined && good !== false) found[name] = good;
  }
  return found;
}

function linkToState() {
  const parts = new URLSearchParams();
  for (const name of Object.keys(SHARED)) if (state[name] !== null) parts.set(name, state[name]);
  return `${location.origin}${location.pathname}${location.search}#${parts}`;
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
