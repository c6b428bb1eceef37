// What a screen reader says of the pixel that keys have moved to, once they rest.

const REST = 350; // ms

let waiting = 0;

/** @param {import("./viewer.js").Viewer} viewer */
export function announce(viewer) {
  clearTimeout(waiting);
  waiting = window.setTimeout(() => {
    const { pixel, tab } = viewer.state;
    if (!pixel) return;
    const models = viewer.$$(`#view-${tab} .model:not([hidden])`);
    const said = models.length ? models.map(told) : tab === "anatomy" ? [viewer.$(".probe").innerText] : [];
    viewer.$('[data-out="announced"]').textContent = [`x ${pixel.x}, y ${pixel.y}`, ...said].join(". ");
  }, REST);
}

/** What stands below the panels of a network. @param {HTMLElement} model */
function told(model) {
  const captions = [...model.querySelectorAll("figcaption")].filter(({ offsetParent }) => offsetParent);
  return [model.querySelector("h3"), ...captions].map(({ textContent }) => textContent).join(": ");
}
