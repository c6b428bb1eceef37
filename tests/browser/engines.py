"""Three engines that go the same way through a page: the first screen, an opened file, another radius."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from dbce.data.phantoms import polyp
from tests.browser.actions import give, wait_for_text

HERE = Path(__file__).parent
LOOK = (HERE / "look.js").read_text(encoding="utf-8").split("\n", 1)[1].rstrip().rstrip(";")
READY = "return Boolean(document.querySelector('.dbce[data-ready=true]'))"
# without a server the networks answer one after the other
ANSWERED = "return !document.querySelector('.dbce').parentElement.dbce.study.pending.length"
SLIDE = """const slider = document.querySelector('.controls [data-field=radius]');
slider.value = '60'; slider.dispatchEvent(new Event('input', {bubbles: true}));"""
# WebKitGTK's driver cannot fill a file input
GIVE = """const input = document.querySelector('[data-file=image]');
const given = new DataTransfer();
given.items.add(new File([Uint8Array.from(arguments[1])], arguments[0], {type: 'image/png'}));
input.files = given.files;
input.dispatchEvent(new Event('change', {bubbles: true}));"""
MINI_BROWSER = "/usr/lib/{}-linux-gnu/webkit2gtk-{}/MiniBrowser"

Seen = list[dict[str, Any]]
"""What look.js saw at each of the three stations."""


def drawn_picture(folder: Path) -> Path:
    """The file that is opened."""
    path = folder / "opened.png"
    Image.fromarray(polyp(11, 240)[0]).save(path)
    return path


def in_chromium(page: Page, picture: Path) -> Seen:
    seen = [page.evaluate(LOOK)]
    give(page, "image", picture)
    page.wait_for_function(f"() => {{ {ANSWERED} }}")
    seen.append(page.evaluate(LOOK))
    page.click(".examples button")
    wait_for_text(page, ".message", "Drawn example 1")
    page.evaluate(f"() => {{ {SLIDE} }}")
    return [*seen, page.evaluate(LOOK)]


def in_firefox(address: str, picture: Path) -> Seen:
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    assert firefox, "apt-get install firefox-esr"
    drive = ["node", str(HERE / "drive_firefox.js"), firefox, address, str(picture)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = subprocess.run(drive, capture_output=True, text=True, timeout=180, env={**os.environ, "PATH": path})
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def in_webkit(address: str, picture: Path) -> Seen:
    from selenium.webdriver.support.wait import WebDriverWait

    with _webkit() as driver:
        wait = WebDriverWait(driver, 90)
        driver.set_window_size(1440, 1000)
        driver.set_script_timeout(30)
        look = f"const done = arguments[0]; ({LOOK})().then(done)"
        says = "return document.querySelector('.message').textContent"
        driver.get(address)
        wait.until(lambda driver: driver.execute_script(READY))
        seen = [driver.execute_async_script(look)]
        driver.execute_script(GIVE, picture.name, list(picture.read_bytes()))
        wait.until(lambda driver: picture.name in driver.execute_script(says) and driver.execute_script(ANSWERED))
        seen.append(driver.execute_async_script(look))
        driver.execute_script("document.querySelector('.examples button').click()")
        wait.until(lambda driver: driver.execute_script(says).startswith("Drawn example 1"))
        driver.execute_script(SLIDE)
        return [*seen, driver.execute_async_script(look)]


@contextmanager
def _webkit() -> Iterator[Any]:
    """WebKitGTK's own browser, on a screen that nobody sees."""
    from selenium.webdriver import WebKitGTK, WebKitGTKOptions
    from selenium.webdriver.webkitgtk.service import Service

    browsers = [MINI_BROWSER.format(m, v) for m in ("x86_64", "aarch64") for v in ("4.1", "6.0", "4.0")]
    browser = next((path for path in browsers if Path(path).exists()), None)
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    assert browser and driver and screen, "apt-get install webkit2gtk-driver xvfb"
    frame = subprocess.Popen([screen, "-displayfd", "1", "-screen", "0", "1600x1200x24"], stdout=subprocess.PIPE)
    try:
        number = frame.stdout.readline().decode().strip()
        options = WebKitGTKOptions()
        options.binary_location = browser
        options.add_argument("--automation")
        # no sandbox within CI's own, and no graphics card
        extra = {"DISPLAY": f":{number}", "LIBGL_ALWAYS_SOFTWARE": "1", "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        started = WebKitGTK(options=options, service=Service(driver, env={**os.environ, **extra}))
        try:
            yield started
        finally:
            started.quit()
    finally:
        frame.terminate()
        frame.wait(10)


def held(seen: Seen, reference: Seen) -> None:
    """All but the picture's own pixels, which a browser may decode in its way; they are ours here, and PNG."""
    for here, there in zip(seen, reference, strict=True):
        assert here["outside"] == 0 and here["rows"] and here["sideways"] <= 0
        for key in ("message", "radius", "moral", "captions", "maps"):
            assert here[key] == there[key], key
        shares = [np.array([row.split() for row in found["shares"]], float) for found in (here, there)]
        np.testing.assert_allclose(*shares, atol=1e-12)
    assert seen[0]["maps"] != seen[2]["maps"]
    assert (
        seen[1]["message"].startswith("opened.png") and seen[1]["maps"] != seen[0]["maps"] and seen[2]["radius"] == 60
    )
