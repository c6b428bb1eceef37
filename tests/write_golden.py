"""What Python gives for every formula that the page computes as well: `python -m tests.write_golden` writes it.

The files under tests/golden are written by nothing else. tests/test_golden.py proves that Python still gives them, and
tests/web that JavaScript does. An array stands there as its type and its bytes, deflated, in base64.
"""

from __future__ import annotations

import base64
import json
import zlib
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import binary_erosion

from dbce import losses, metrics
from dbce.dilation import dilate
from dbce.page.scene import FAR, ceil_distance, delta_code, scene
from dbce.study.studies import LOGIT_STEP, LabelStudy, Study, quantise
from dbce.tasks import IGNORE, MAX_RADIUS, TASKS, WORK_SIZE
from dbce.weightings import WEIGHTINGS
from tests.golden_cases import EDGES, EXTREME, NETWORKS, RADII, THRESHOLDS, label_maps, scattered, studies

GOLDEN = Path(__file__).resolve().parent / "golden"


def packed(array: np.ndarray) -> dict[str, str]:
    """An array as JSON, without its shape: little-endian, deflated, in base64."""
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return {array.dtype.name: base64.b64encode(zlib.compress(data, 9)).decode()}


def unpacked(value: dict[str, str]) -> np.ndarray:
    """What `packed` took, flat."""
    ((name, text),) = value.items()
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.dtype(name).newbyteorder("<"))


def image_of(study: Study) -> dict[str, Any]:
    """What a scene would hold of it, and what follows from the labels alone."""
    size, labels, classes = study.image.shape[0], study.labels, range(study.task.num_classes)
    arrays = {f"logit:{loss}": packed(values) for loss, values in study.logits.items()}
    if isinstance(study, LabelStudy):
        arrays = {f"found:{loss}": packed(study.label_map(loss)) for loss in study.logits}
        if labels is not None:
            arrays |= {f"entropy:{loss}": packed(quantise(study.cross_entropy(loss))) for loss in study.logits}
    shared = {"size": size, "classes": len(classes), "losses": list(study.logits)}
    out: dict[str, Any] = {**shared, "frequencies": study.class_frequencies, "arrays": arrays}
    if labels is None:
        return out
    arrays["labels"] = packed(labels)
    arrays |= {f"distance:{k}": packed(ceil_distance(labels == k)) for k in classes}
    areas = {
        str(radius): [int((dilate(labels == k, radius) & (labels != IGNORE)).sum()) for k in classes]
        for radius in (*RADII, FAR - 1)
    }
    edges = [(labels == k) & ~binary_erosion(labels == k, border_value=1) for k in classes[1:]]
    edge = np.concatenate([np.flatnonzero(inside) for inside in edges]).astype(np.int32)
    return {**out, "areas": areas, "edge": packed(edge)}


def answers(study: Study) -> dict[str, Any]:
    """What is said of the networks: maps, scores, wrong pixels, agreement."""
    out: dict[str, Any] = {"agreement": {str(t): study.agreement(t)[NETWORKS] for t in THRESHOLDS}}
    several = isinstance(study, LabelStudy)
    for loss in study.logits:
        out[loss] = {} if several else {"probability": packed(study.probability(loss))}
        if study.labels is None:
            continue
        out[loss]["entropy"] = packed(study.cross_entropy(loss))
        if not several and len(study.image) < 100:  # of larger ones the sums in weights/ tell
            uniform = study.weight(0, "none")
            out[loss]["residual"] = packed(study.gradient(loss, 0, "none") / max(float(uniform.max()), 1e-9))
        out[loss]["errors"] = {
            str(t): {str(r): study.errors(loss, r, t) for r in RADII}
            for t in (THRESHOLDS[1:2] if several else THRESHOLDS)
        }
        if isinstance(study, LabelStudy):
            by_name = study.class_scores(loss)
            out[loss]["scores"] = [by_name.get(name) for name in study.task.classes[1:]]
            out[loss]["mean"] = study.scores(loss)["dice"]
        else:
            out[loss]["scores"] = {str(t): study.scores(loss, t) for t in THRESHOLDS}
    return out


def weighed(study: Study, weighting: str) -> dict[str, Any]:
    """By radius: the weights (once where it changes nothing), their sums over object, rim and far background, and the
    largest values; and what of the gradient raises the probability, what lowers it, and the largest of it."""
    out: dict[str, Any] = {}
    for radius in RADII:
        weight = study.weight(radius, weighting)
        losses_of = {loss: weight.astype(np.float64) * study.cross_entropy(loss) for loss in study.logits}
        out[str(radius)] = {
            **({"map": packed(weight)} if radius == RADII[0] or WEIGHTINGS[weighting].has_radius else {}),
            "shares": list(study.shares(radius, weighting).values()),
            "loss_shares": {loss: list(study.loss_shares(loss, radius, weighting).values()) for loss in study.logits},
            "top": float(weight.max()),
            "top_loss": float(max(values.max() for values in losses_of.values())),
        }
        if not isinstance(study, LabelStudy):
            pushed = {loss: study.gradient(loss, radius, weighting).astype(np.float64) for loss in study.logits}
            out[str(radius)]["gradient"] = {
                loss: [float(-v[v < 0].sum()), float(v[v > 0].sum()), float(abs(v).max())] for loss, v in pushed.items()
            }
    return out


def _losses() -> dict[str, Any]:
    """Every logit that is asked about, with every label."""
    steps = np.array([*EDGES, *range(-EXTREME, EXTREME, 1283)], np.int16)
    logit = torch.from_numpy(steps.astype(np.float32) * LOGIT_STEP)
    pair = torch.stack([torch.zeros_like(logit), logit])[None, :, None]  # (1, 2, 1, W)
    entropy = {}
    for label in (0, 1, IGNORE):
        target = torch.full((1, 1, len(steps)), label)
        entropy[str(label)] = packed(losses.cross_entropy(pair, target, ignore_index=IGNORE, reduction="none").numpy())
    limits = {str(t): float(np.log(t / (1 - t)) / LOGIT_STEP) for t in THRESHOLDS}
    return {"logit": packed(steps), "probability": packed(torch.sigmoid(logit).numpy()), "entropy": entropy} | {
        "limits": limits
    }


def _metrics() -> dict[str, Any]:
    """Scores of counts, and how often each class was taken for each."""
    rows = []
    for tp, fp, fn in [*product((0, 1, 3), repeat=3), (70000, 11, 13)]:
        real = np.repeat([True, False, True], (tp, fp, fn))[None]
        found = np.repeat([True, True, False], (tp, fp, fn))[None]
        if tp + fp + fn == 0:
            real = found = np.zeros((1, 1), bool)
        rows.append([tp, fp, fn, {name: float(value[0]) for name, value in metrics.scores(found, real).items()}])
    cases = []
    for classes, absent in ((2, IGNORE), (5, 3)):
        real = scattered(classes, 9, [k for k in (*range(classes), IGNORE) if k != absent])
        found = scattered(classes + 1, 9, [k for k in range(classes) if k != absent])
        cells = [int(((real == a) & (found == b)).sum()) for a in range(classes) for b in range(classes)]
        by_class = [
            {name: float(v[0]) for name, v in metrics.scores(found == k, real == k, real != IGNORE).items()}
            if ((found == k) & (real != IGNORE) | (real == k)).any()
            else None
            for k in range(classes)
        ]
        cases.append(
            {"classes": classes, "real": packed(real), "found": packed(found), "cells": cells, "scores": by_class}
        )
    return {"counts": rows, "maps": cases}


def _scene() -> dict[str, Any]:
    """What passes between page and Python: whole scenes, differences, deflated bytes, bits."""
    ramp = np.arange(64 * 64).reshape(64, 64) * 7 % 1000 - 500
    maps = {
        "1": np.array([[-EXTREME - 1]]),
        "2": np.array([[EXTREME, -EXTREME], [-EXTREME, EXTREME]]),  # differences beyond 16 bits wrap around
        "7": np.random.RandomState(5).choice([-EXTREME - 1, -EXTREME, -1, 0, 1, 255, 256, EXTREME], (7, 7)),
        "64": ramp,
    }
    taken = {}
    for name, values in maps.items():
        array = values.astype(np.int16)
        rest = np.frombuffer(delta_code(array), np.uint8)
        taken[name] = {"size": len(array), "array": packed(array), "differences": packed(rest)}
    bits = {}
    for name, (classes, _, labels) in label_maps().items():
        if labels is not None:
            values = [base64.b64encode(np.packbits(labels == k).tobytes()).decode() for k in (*range(classes), IGNORE)]
            bits[name] = values if len(labels) < 20 else values[1:2]
    names = [name for name in label_maps() if name.startswith(("2", "7", "64"))]
    scenes = {name: json.loads(scene(studies()[name], name, "a note", (3, 7), "btcv")) for name in names}
    return {"differences": taken, "bits": bits, "scenes": scenes, "coarse": _coarse()}


def _coarse() -> dict[str, Any]:
    """Scenes whose logits stand as the numbers they were enlarged from: of several sides, faint and strong ones."""
    rng = np.random.default_rng(11)
    found = {}
    for size, side, spread in ((40, 32, 4.0), (30, 28, 0.01), (33, 12, 60.0)):
        quarter = torch.from_numpy(rng.normal(0, spread, (1, 1, side // 4, side // 4)).astype(np.float32))
        for larger in (side, size):
            quarter = F.interpolate(quarter, (larger, larger), mode="bilinear", align_corners=False)
        steps = quantise(quarter[0, 0].numpy())
        study = Study(TASKS["polyp"], np.zeros((size, size, 3), np.uint8), None, {"ce": steps}, sides={"ce": side})
        found[f"{size} from {side}"] = {"scene": json.loads(scene(study, "coarse")), "steps": packed(steps)}
    return found


def _prior() -> dict[str, Any]:
    """Logits with the class weights taken out, for some frequencies of the classes."""
    steps = np.array([*EDGES, *range(-EXTREME, EXTREME, 1283)], np.int16)[None]
    image = np.zeros((*steps.shape, 3), np.uint8)
    cases = []
    for shares in ((0.5, 0.5), (0.846, 0.154), (0.999, 0.001), (0.2, 0.8)):
        study = Study(TASKS["polyp"], image, None, {"ce": steps, "bce": steps}, {"bce": shares})
        corrected = study.corrected().logits
        assert corrected["ce"] is steps
        cases.append({"shift": float(np.log(shares[0] / shares[1])), "corrected": packed(corrected["bce"])})
    return {"logit": packed(steps), "cases": cases}


def _in_words() -> dict[str, Any]:
    """Numbers as the page writes them; halves are rounded away from zero, of the number as it is stored."""

    def power(n: int) -> str:
        return "10" + str(n).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))

    def digits(v: float) -> str:
        if v == 0:
            return "0"
        exact = Decimal(v)
        rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), ROUND_HALF_UP)
        if 1e-3 <= abs(v) < 1e4:
            text = f"{rounded.normalize():f}"
        else:
            text = f"{rounded.scaleb(-rounded.adjusted()).normalize():f}·{power(rounded.adjusted())}"
        return text.replace("-", "−")

    def percent(v: float) -> str:
        return str(Decimal(100 * v).quantize(Decimal("0.1"), ROUND_HALF_UP))

    numbers = [0, 1, 0.1, 0.123456, 0.001, 0.00099999, 0.0009994, 1.005, 2.125, 9.995, 10, 123.5, 999.5, 1000, 9994]
    numbers += [9995, 9999.9, 10000, 12345, 99999, 1e-5, 9.765625e-06, 1.5e-10, 6.02e23, 1 / 3, 2**-20, 102400]
    return {
        "digits": [[v, digits(v)] for v in (*numbers, *(-v for v in numbers[1:]))],
        "grouped": [[n, f"{n:,}".replace(",", "\u2009")] for n in (0, 7, 999, 1000, 102400, 1234567)],
        "percent": [[v, percent(v)] for v in (0, 1, 0.5, 1 / 3, 0.0025, 0.00125, 0.9995, 0.99949, 0.12345, 0.8765)],
        "power": [[n, power(n)] for n in (0, 1, -1, 23, -10, 456789)],
    }


def contents() -> dict[str, dict[str, Any]]:
    """By name of the file below tests/golden, what it holds."""
    made = studies()
    labelled = {name: study for name, study in made.items() if study.labels is not None}
    constants = {
        "ignore": IGNORE,
        "far": FAR,
        "logit_step": LOGIT_STEP,
        "work_size": WORK_SIZE,
        "max_radius": MAX_RADIUS,
    }
    return {
        "constants.json": constants,
        "format.json": _in_words(),
        "losses.json": _losses(),
        "metrics.json": _metrics(),
        "prior.json": _prior(),
        "scene.json": _scene(),
        "images.json": {name: image_of(study) for name, study in made.items()},
        "study.json": {name: answers(study) for name, study in made.items()},
        **{
            f"weights/{weighting}.json": {name: weighed(study, weighting) for name, study in labelled.items()}
            for weighting in WEIGHTINGS
        },
    }


def written(content: dict[str, Any]) -> str:
    """A line for each entry, so that a change is seen where it is."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    for name, content in contents().items():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(content), encoding="utf-8")
        print(f"{path.relative_to(GOLDEN.parent.parent)}: {path.stat().st_size} bytes")
