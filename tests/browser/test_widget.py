"""`dbce.view`: Python's side by its traits, the cell's in a host with the model's interface as anywidget states it."""

from __future__ import annotations

import json

import pytest
import traitlets

import dbce
from tests.browser.actions import READY
from tests.test_comparison import drawn

HOST = """<!doctype html><meta charset="utf-8"><title>a notebook</title><div id="cell"></div>
<script id="values" type="application/json">%s</script>
<script type="module">
  const values = JSON.parse(document.getElementById("values").textContent);
  const acts = {};
  const changed = new Set();
  window.sent = []; // what would go to Python
  window.model = {
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; changed.add(name); },
    save_changes: () => {
      window.sent.push(Object.fromEntries([...changed].map((name) => [name, values[name]])));
      changed.clear();
    },
    on: (event, act) => (acts[event] ??= new Set()).add(act),
    off: (event, act) => acts[event].delete(act),
  };
  window.acts = acts;
  window.fromPython = (name, value) => {
    values[name] = value;
    for (const act of acts[`change:${name}`] ?? []) act();
  };
  const code = new Blob([%s], { type: "text/javascript" });
  const { default: widget } = await import(URL.createObjectURL(code));
  window.end = widget.render({ model: window.model, el: document.getElementById("cell") });
</script>"""


@pytest.fixture(scope="module")
def widget():
    image, mask, soft, flat = drawn(2)
    return dbce.view(image, mask, {"mine": soft, "label map": flat}, radius=25)


def test_python_reads_sets_and_observes_what_is_in_view(widget):
    assert (widget.radius, widget.threshold, widget.tab, widget.pixel) == (25, 0.5, "compare", None)
    seen = []
    widget.observe(lambda change: seen.append((change.name, change.new)), ["radius", "pixel"])
    widget.radius = 60
    widget.set_state({"pixel": [3, 4]})  # as it comes from a cell
    assert seen == [("radius", 60), ("pixel", (3, 4))] and widget.pixel == (3, 4)
    state = widget.get_state()
    assert {"radius", "threshold", "tab", "weighting", "pixel", "height", "document"} <= set(state)
    assert "<!doctype html>" in state["document"] and "export default" in state["_esm"]
    widget.radius, widget.pixel = 25, None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("radius", 151, "radius is 151; it must lie between 0 and 150"),
        ("threshold", 1.5, "threshold is 1.5; it must lie between 0.01 and 0.99"),
        ("tab", "results", "tab is 'results'; it must be one of anatomy, compare, radius"),
        ("pixel", (3, 320), "column and row must lie between 0 and 319"),
    ],
)
def test_python_may_set_what_there_is(widget, name, value, words):
    with pytest.raises(traitlets.TraitError, match=words):
        setattr(widget, name, value)


def test_the_cell_follows_python_and_python_the_cell(browser, widget, tmp_path):
    state = {name: value for name, value in widget.get_state().items() if not name.startswith("_")}
    values = json.dumps({**state, "radius": 40}).replace("<", "\\u003c")  # set after it was made, before it is shown
    code = json.dumps(widget.get_state()["_esm"]).replace("<", "\\u003c")
    host = tmp_path / "host.html"
    host.write_text(HOST % (values, code))
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    page.goto(host.as_uri())
    cell = page.frame_locator("iframe")
    cell.locator(READY).wait_for(timeout=60000)
    page.wait_for_function("window.acts['change:radius']?.size")
    address = page.url

    page.evaluate("fromPython('tab', 'anatomy')")
    cell.locator("#view-anatomy").wait_for()
    assert cell.locator('[data-out="radius"]').inner_text().startswith("R = 40")
    page.evaluate("fromPython('radius', 5)")
    cell.locator('[data-out="radius"]', has_text="R = 5px").wait_for()
    page.evaluate("fromPython('pixel', [7, 9])")
    cell.locator(".probe", has_text="pixel (7, 9)").wait_for()
    page.wait_for_timeout(200)
    page.evaluate("sent.length = 0")

    cell.locator(".controls [data-field=radius]").fill("33")
    page.wait_for_function("model.get('radius') === 33")
    cell.locator("[data-panel=image] .frame canvas").hover(position={"x": 50, "y": 20})
    page.wait_for_function("model.get('pixel')?.[0] > 9")
    sent = page.evaluate("Object.assign({}, ...sent)")
    assert sent["radius"] == 33 and set(sent) == {"radius", "pixel"}  # nothing else, and what Python set not back again
    before = widget.radius
    widget.set_state(sent)
    assert widget.radius == 33 and widget.pixel == tuple(sent["pixel"]) and before != 33
    assert page.url == address and page.evaluate("history.length") <= 2  # the notebook's address is its own
    page.evaluate("end()")
    assert page.evaluate("Object.values(acts).every((each) => !each.size)")
    context.close()
    assert not trouble
