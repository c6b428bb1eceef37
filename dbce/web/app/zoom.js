// Zoom and pan, the same in every panel: Ctrl or pinch zooms at the pointer, a drag pans, 0 shows all again.

const zoom = (() => {
  const view = { scale: 1, x: 0, y: 0 }; // x, y: where the picture's corner lies, in sides of the frame
  const most = 16;
  const fingers = new Map(); // pointers that are down on a panel

  function apply() {
    const { scale } = view;
    for (const axis of ["x", "y"]) view[axis] = Math.min(0, Math.max(1 - scale, view[axis]));
    root.style.setProperty("--zoom", scale);
    root.style.setProperty("--pan", `${view.x * 100}%, ${view.y * 100}%`);
    root.classList.toggle("zoomed", scale > 1);
    root.classList.toggle("close", scale > 3);
    for (const out of $$('[data-out="zoom"]')) out.textContent = `${Math.round(scale * 100)} %`;
  }

  // Zoom by a factor and keep the point (px, py), in sides of the frame, where it is.
  function by(factor, px = 0.5, py = 0.5) {
    const scale = Math.min(most, Math.max(1, view.scale * factor));
    view.x = px - ((px - view.x) * scale) / view.scale;
    view.y = py - ((py - view.y) * scale) / view.scale;
    view.scale = scale;
    apply();
  }

  function pan(dx, dy) {
    view.x += dx;
    view.y += dy;
    apply();
  }

  function look(scale, x, y) {
    Object.assign(view, { scale: Math.min(most, scale), x, y });
    apply();
  }
  const fit = () => look(1, 0, 0);

  const place = (event, frame) => {
    const box = frame.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const frameOf = (event) => event.target.closest?.(".frame");

  root.addEventListener("wheel", (event) => {
    const frame = frameOf(event);
    if (!frame || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    by(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), ...place(event, frame));
  }, { passive: false });
  root.addEventListener("dblclick", (event) => {
    const frame = frameOf(event);
    if (frame && !state.painting) view.scale < most ? by(2, ...place(event, frame)) : fit();
  });

  root.addEventListener("pointerdown", (event) => {
    if (frameOf(event) && !state.painting) fingers.set(event.pointerId, event);
  });
  root.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    const frame = frameOf(event);
    if (!before || !frame) return;
    const [x, y] = place(event, frame);
    const [x0, y0] = place(before, frame);
    const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    if (other) {
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
      by(apart(event) / Math.max(1, apart(before)), ...place(other, frame));
    } else if (view.scale > 1) pan(x - x0, y - y0);
    fingers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, (event) => fingers.delete(event.pointerId));

  apply();
  return { view, by, fit, look };
})();
