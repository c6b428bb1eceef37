"""What runs networks and reads HDF5 in a browser: files of two npm packages, in the versions that package.json pins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dbce.site.layout import Folder
from dbce.train import checkpoints

ROOT = checkpoints.FOLDER.parent

PACKAGES = {
    "onnxruntime-web": (
        *("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
        *("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
    ),
    "h5wasm": ("esm/hdf5_hl.js", "esm/hdf5_util.js", "esm/file_handlers.js"),
}
"""Package -> the files that are taken from its folder ``dist``."""


def find_packages(modules: str | Path | None = None) -> dict[str, Path]:
    """The folders of `PACKAGES`.

    Args:
        modules: folder of npm packages; ``node_modules`` of this checkout if None.

    Raises:
        ValueError: a package or one of its files is missing, or it has another version than the pinned one.
    """
    place = Path(modules) if modules else ROOT / "node_modules"
    pins = _pinned()
    found = {}
    for name, files in PACKAGES.items():
        folder = place / name
        missing = [file for file in files if not (folder / "dist" / file).is_file()]
        if missing:
            raise ValueError(
                f"{folder / 'dist' / missing[0]} is not there; run `npm ci` in the repository, or name the folder of "
                f"{name} {pins.get(name, '')} with --modules.".replace("  ", " ")
            )
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
        if name in pins and version != pins[name]:
            raise ValueError(f"{folder} is version {version}, package.json pins {pins[name]}; run `npm ci`.")
        found[name] = folder / "dist"
    return found


def _pinned() -> dict[str, str]:
    """Package -> version, where this is a checkout."""
    file = ROOT / "package.json"
    return json.loads(file.read_text(encoding="utf-8"))["devDependencies"] if file.is_file() else {}


def write_runtime(folder: Folder, packages: dict[str, Path], webgpu: bool = False) -> dict[str, Any]:
    """Write what runs networks: in WebAssembly alone, or the larger one that has WebGPU.

    Returns:
        Where it lies, as dbce/web/backends/onnx/serve.js takes it.
    """
    dist = packages["onnxruntime-web"]
    module, mjs, wasm = PACKAGES["onnxruntime-web"][3:] if webgpu else PACKAGES["onnxruntime-web"][:3]
    return {
        "module": folder.hashed(f"runtime/{module}", (dist / module).read_bytes()),
        "mjs": folder.hashed(f"runtime/{mjs}", (dist / mjs).read_bytes()),
        "wasm": folder.packed(f"runtime/{wasm}", (dist / wasm).read_bytes()),
    }


def write_h5(folder: Folder, packages: dict[str, Path]) -> list[str]:
    """Write what reads HDF5: modules that import each other, so a folder carries the hash of them all.

    Returns:
        Their names, the one to import first.
    """
    contents = {Path(name).name: (packages["h5wasm"] / name).read_bytes() for name in PACKAGES["h5wasm"]}
    return folder.together("h5wasm", contents)
