// Stands in a report itself, no module: makes modules of the texts beside it, each before those that import it, and
// starts the viewer. Browsers load no module from a file beside a file, but they do from what a page made itself.
globalThis.dbce = (async () => {
  /** @param {string} id */
  const given = (id) => JSON.parse(document.getElementById(id).textContent);
  const element = document.getElementById("page");
  try {
    const urls = new Map();
    for (const { name, text, needs } of given("dbce-modules")) {
      const whole = needs.reduce((code, other) => code.replaceAll(`"dbce:${other}"`, `"${urls.get(other)}"`), text);
      urls.set(name, URL.createObjectURL(new Blob([whole], { type: "text/javascript" })));
    }
    const [{ mount }, { bakedBackend }] = await Promise.all(
      ["main.js", "backends/baked.js"].map((name) => import(urls.get(name))),
    );
    const settings = given("dbce-settings");
    const sceneOf = (index) => document.getElementById(`dbce-scene-${index}`)?.textContent;
    return await mount(element, settings, bakedBackend(sceneOf, settings.refusal));
  } catch (error) {
    element.querySelector(".message").textContent = `The report did not start (${error.message}); try a newer browser.`;
    throw error;
  }
})();
