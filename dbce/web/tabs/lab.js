// The lab: networks that learn while one watches. What it is made of is loaded when the tab is opened first.

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function lab(viewer) {
  /** @type {import("./lab/room.js").Room | null} */
  let room = null;
  /** @type {Promise<void> | null} */
  let opened = null;

  async function load() {
    try {
      const { Room } = await import("./lab/room.js");
      room = new Room(viewer);
      viewer.set({});
    } catch (error) {
      opened = null; // another visit tries again
      viewer.say(`The lab could not be loaded (${error.message}). Reload the page.`, true);
    }
  }

  return {
    draw: () => (room ? room.draw() : void (opened ??= load())),
    ready: () => (opened ??= load()),
    frame: () => room?.story.learned() ?? null,
    link: () => room?.timeline.link ?? null,
  };
}
