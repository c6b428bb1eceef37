// Scenes that lie in the file itself: nobody runs a network, and nothing is asked of any host.

/**
 * @param {(index: number) => string | undefined} sceneOf the scene of an image of the file, as JSON
 * @param {string} refusal what is said to a visitor who opens a file
 * @returns {import("./backend.js").Backend}
 */
export function bakedBackend(sceneOf, refusal) {
  return {
    can: {},
    lanes: 1,
    openStudy: async (request) => {
      const { example, ...more } = /** @type {{example?: number}} */ (request);
      const scene = Object.keys(more).length ? undefined : sceneOf(example);
      return scene === undefined ? { error: refusal } : { scene };
    },
    exportView: async () => ({ error: refusal }),
  };
}
