// What a visitor sees, as numbers that are the same in every browser. Run in the page by test_engines.py.
async () => {
  const viewer = document.querySelector(".dbce").parentElement.dbce;
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await frame();
  const digest = async (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    return [...hash.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const within = (inner, outer) => inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const canvases = [...document.querySelectorAll("[data-panels=anatomy] figure:not([hidden]) .frame canvas")];
  const groups = [...document.querySelectorAll(".view:not([hidden]) fieldset.segments")].filter((e) => e.offsetParent);
  return {
    message: document.querySelector(".message").textContent,
    radius: viewer.state.radius,
    shares: [...document.querySelectorAll(".bars .bar")].map((bar) => bar.shares.join(" ")),
    moral: document.querySelector(".moral").textContent,
    captions: canvases.map((canvas) => canvas.closest("figure").querySelector("figcaption").innerText.trim()),
    maps: await Promise.all(canvases.map(digest)),
    outside: groups.filter((e) => !within(e.querySelector(".name").getBoundingClientRect(), e.getBoundingClientRect()))
      .length,
    rows: Math.abs(box("h1").top - box(".tools").top) < 30,
    sideways: document.documentElement.scrollWidth - innerWidth,
  };
};
