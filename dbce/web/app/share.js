// The state in the address: a link opens exactly this view. It never holds an upload.

/**
 * A link to what is in view.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {import("./zoom.js").Zoom} zoom
 */
export function linkTo({ fields, state }, zoom) {
  const parts = fields.write(state.example === null ? { ...state, slice: null } : state);
  if (zoom.written()) parts.set("view", zoom.written());
  return `${location.origin}${location.pathname}${location.search}#${parts}`;
}

/**
 * What a link asks for; where it looks is followed at once.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {import("./zoom.js").Zoom} zoom
 * @param {string} fragment
 */
export function followLink({ fields }, zoom, fragment) {
  return fields.read(fragment, (name, text) => name === "view" && zoom.read(text));
}

/**
 * Put the link into the address and the clipboard.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {import("./zoom.js").Zoom} zoom
 */
export async function share(viewer, zoom) {
  const link = linkTo(viewer, zoom);
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    viewer.say(
      viewer.state.example === null
        ? "Link copied. It holds the settings; your image stays with you."
        : "Link copied: it opens exactly this view.",
    );
  } catch {
    viewer.say("The link is in the address bar; copy it from there.");
  }
}
