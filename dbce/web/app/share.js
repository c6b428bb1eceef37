// A link to exactly this view, in the clipboard. It never holds an opened image, and says so.

const COPIED = {
  example: "Link copied: it opens exactly this view.",
  image:
    "Link copied. Your image is not in it: whoever opens it sees these settings on the first example, and is told " +
    "that the image is private.",
  mask:
    "Link copied. Your mask is not in it: whoever opens it sees these settings with that of the example, and is told " +
    "that yours is private.",
};

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {import("./address.js").Address} address
 */
export async function share(viewer, address) {
  const { tabs } = viewer;
  const { own, example, tab } = viewer.state;
  address.pace.flush();
  const link = new URL(address.url(), location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    viewer.say(tabs[tab].link?.() ?? COPIED[own === null ? "example" : example === null ? "image" : "mask"]);
  } catch {
    viewer.say(
      window === window.top ? "The link is in the address bar; copy it from there." : `Copy this link: ${link}`,
    );
  }
}
