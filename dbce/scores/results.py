"""What the result files say, in a form the page can show: tables beside the paper's, and the differences in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dbce.registry import METHOD, title
from dbce.scores import evidence
from dbce.scores.evaluation import columns, data_name, lost_classes, score_markdown, short_run
from dbce.scores.result_files import read_result
from dbce.tasks import DEFAULT, TASKS, WORK_SIZE
from dbce.train.checkpoints import home, is_drawn
from dbce.train.checkpoints import manifest as read_manifest

MINUS = "\N{MINUS SIGN}"

_DRAWN = (
    " Our scans are drawn phantoms, the paper’s are patients (Synapse): the order of the losses can be compared, the "
    "levels cannot."
)


def setting(recipe: Mapping[str, Any], test_data: str) -> str:
    """One sentence on how networks were trained and on what they were tested."""
    what = TASKS[recipe.get("task", DEFAULT)].seen
    return (
        f"{recipe['encoder']} encoder, {recipe['epochs']} epochs on {recipe['images']} {what} of {recipe['data']} at "
        f"{recipe['size']} × {recipe['size']} px, batch {recipe['batch_size']}, seed {recipe['seed']}; "
        f"tested on {test_data}."
    )


def summary(
    task: str,
    manifest: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, Any] | None = None,
    told: bool = False,
) -> dict[str, Any]:
    """The bundled networks of a task beside the paper's table.

    Args:
        task: key of `dbce.tasks.TASKS`.
        manifest: from `dbce.train.checkpoints.manifest`.
        measured: from `dbce.scores.evidence.read_evidence`, if there is any: adds the rows of ``more`` and sentences
            on chance.
        told: whether a verdict above them says already what is beyond chance, and which network a short run left
            without some classes.

    Returns:
        ``title``, ``setting``, ``columns``, ``rows`` (``loss``, ``ours`` and ``paper`` in percent, ``paper`` None
        where our copy of the paper has no numbers), ``more`` (``columns`` and ``rows`` of text: means and deviations
        over seeds, and what the paper does not measure; or None), ``differences`` (sentences), ``how`` (where their
        intervals are from), ``remarks`` (by loss, that a network had not converged) and ``commands``.
    """
    first = next(iter(manifest.values()))
    recipe, test_data = first["recipe"], first["test_data"]
    tested = data_name(test_data)
    known: Mapping[str, Sequence[float]] = TASKS[task].paper
    heads = columns(task)
    scores = {loss: entry["scores"] for loss, entry in manifest.items()}
    rows: list[dict[str, Any]] = [
        {
            "loss": loss,
            "ours": [entry["scores"][name] for name in heads],
            "paper": list(known[loss]) if loss in known else None,
        }
        for loss, entry in manifest.items()
    ]
    short = [short_run(task, loss, scores.get(loss, {}), recipe["epochs"]) for loss in ("ce", METHOD)]
    brief = [short_run(task, loss, scores.get(loss, {}), recipe["epochs"], told=True) for loss in ("ce", METHOD)]
    said = differences(_typical(rows, list(heads), measured), known, list(heads), measured, "".join(short))
    if measured and not told:
        said += evidence.sentences({"task": task, "recipe": recipe, **measured}, scores)
    return {
        "title": f"{task.capitalize()} segmentation"
        + (f", Table {TASKS[task].table} of the paper" if TASKS[task].table else ""),
        "setting": f"{setting(recipe, test_data)} The paper: resnet34, {TASKS[task].epochs} epochs at "
        f"{WORK_SIZE} × {WORK_SIZE} px. {TASKS[task].averaged}"
        f"{_DRAWN if is_drawn(recipe) else ''}",
        "columns": list(heads.values()),
        "rows": rows,
        "more": _more(measured) if measured else None,
        "differences": _once(said, dict(zip(short, brief, strict=True)), told),
        "how": evidence.how(measured) if measured else "",
        "remarks": {
            loss: f"not converged in {recipe['epochs']} epochs"
            for loss, of_it in scores.items()
            if lost_classes(task, of_it, recipe["epochs"])
        },
        "commands": {
            "data": f"python -m dbce phantoms -o {recipe['data']}" if is_drawn(recipe) else None,
            "train": f"python -m dbce train {task} --loss LOSS --data {recipe['data']} --encoder {recipe['encoder']} "
            f"--size {recipe['size']} --epochs {recipe['epochs']} --seed {recipe['seed']}",
            "evaluate": f"python -m dbce evaluate {task} --data {tested}",
            "evidence": f"python -m dbce evidence {task} --runs RUNS --data {tested}" if measured else None,
        },
    }


def _once(said: Sequence[str], clauses: Mapping[str, str], told: bool) -> list[str]:
    """Sentences in which a clause stands in full the first time only, if it was not told before, and then briefly."""
    lines = list(said)
    for clause, brief in clauses.items():
        holding = [k for k, line in enumerate(lines) if clause and clause in line]
        for k in holding if told else holding[1:]:
            lines[k] = lines[k].replace(clause, brief)
    return lines


def _typical(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], measured: Mapping[str, Any] | None
) -> dict[str, list[float]]:
    """By loss, what sentences are about: the means over seeds where there are several, else the bundled networks."""
    if measured is None or evidence.seeds_of(measured) == 1:
        return {row["loss"]: row["ours"] for row in rows}
    means = {loss: row["mean"] for loss, row in measured["losses"].items()}
    typical = {}
    for row in rows:
        known = means.get(row["loss"], {})
        typical[row["loss"]] = [known.get(name, score) for name, score in zip(names, row["ours"], strict=True)]
    return typical


def _more(measured: Mapping[str, Any]) -> dict[str, Any]:
    """The table of `dbce.scores.evidence` as text."""
    names = evidence.columns_of(measured)
    what = "Where the weighting should act" if evidence.seeds_of(measured) == 1 else "Trained several times"
    return {
        "title": f"{what}, {evidence.over_seeds(measured)}",
        "columns": [words[0].upper() + words[1:] if name in evidence.EXTRA else words for name, words in names.items()],
        "rows": evidence.rows(measured, names),
    }


def radius_file(task: str, folder: Path | None = None) -> Path:
    """Where the curve of Fig. 5 lies for a task."""
    return (folder or home()) / task / "radius.json"


def read_radius(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """The measured curve of Dice against the radius, or None where nothing was measured.

    The file holds ``task``, ``label`` ("short run" or "full run"), ``test_data``, ``recipe`` (all but loss and
    radius), ``command`` and ``points``, each with ``radius`` in pixels at 320 x 320 and scores in percent.

    Raises:
        ValueError: the file is not of that form.
    """

    def numbers(result: Mapping[str, Any]) -> list[dict[str, float]]:
        return [{"radius": float(p["radius"]), **{n: float(p[n]) for n in columns(task)}} for p in result["points"]]

    def complete(result: dict[str, Any]) -> bool:
        return bool(numbers(result)) and {"label", "test_data", "recipe", "command"} <= result.keys()

    result = read_result(radius_file(task, folder), "radius", complete)
    if result is None:
        return None
    return {**result, "points": numbers(result), "setting": setting(result["recipe"], result["test_data"])}


def radius_markdown(curve: Mapping[str, Any]) -> str:
    """The curve as a Markdown table; one run a radius, so nothing is marked.

    Args:
        curve: from `read_radius`.
    """
    points = curve["points"]
    cells = [f"{point['dice']:.1f}" for point in points]
    return "\n".join(
        [
            f"| R, px at {WORK_SIZE} | " + " | ".join(f"{point['radius']:g}" for point in points) + " |",
            "| --- |" + " --- |" * len(points),
            f"| mDice, {curve['label']} | " + " | ".join(cells) + " |",
            "",
            f"Fig. 5, one run a radius: {curve['setting']} `python -m dbce radius {curve['task']} --runs RUNS --data "
            f"{data_name(curve['test_data'])}` scores the runs.",
        ]
    )


def results_markdown(task: str) -> str:
    """What was measured of a task as Markdown: the bundled networks, several seeds, the radius.

    Raises:
        ValueError: nothing is bundled, or a file is damaged.
    """
    measured, curve, entries = evidence.read_evidence(task), read_radius(task), read_manifest(task)
    seeds = evidence.seeds_of(measured)
    parts = [score_markdown(entries, task, seeds)]
    if measured:
        scores = {loss: entry["scores"] for loss, entry in entries.items()}
        parts.insert(0 if seeds > 1 else 1, evidence.evidence_markdown(measured, scores))
    parts += [radius_markdown(curve)] if curve else []
    return "\n\n".join(parts)


def write_radius(
    task: str,
    points: Sequence[Mapping[str, float]],
    recipe: Mapping[str, Any],
    test_data: str,
    label: str,
    folder: Path | None = None,
) -> Path:
    """Record a measured curve where `read_radius` finds it.

    Args:
        task: key of `dbce.tasks.TASKS`.
        points: ``radius`` and the scores in percent of each run.
        recipe: what all runs share.
        test_data: name of the test set.
        label: "short run" or "full run".
        folder: holds one folder a task; the bundled one by default.
    """
    shared = {key: value for key, value in recipe.items() if key not in ("loss", "radius")}
    command = (
        f"python -m dbce train {task} --loss {METHOD} --radius R --data {recipe['data']} --encoder {recipe['encoder']} "
        f"--size {recipe['size']} --epochs {recipe['epochs']} --seed {recipe['seed']}"
    )
    rows = [{key: round(value, 2) for key, value in point.items()} for point in points]
    result = {
        "task": task,
        "label": label,
        "test_data": test_data,
        "recipe": shared,
        "command": command,
        "points": sorted(rows, key=lambda row: row["radius"]),
    }
    path = radius_file(task, folder)
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return path


def differences(
    ours: Mapping[str, Sequence[float]],
    paper: Mapping[str, Sequence[float]],
    names: Sequence[str],
    measured: Mapping[str, Any] | None = None,
    short: str = "",
) -> list[str]:
    """What is the same as in the paper and what is not, in sentences, computed from the numbers.

    Args:
        ours: by loss, percent in the order of ``names``.
        paper: the same from the paper; empty where our copy has none.
        names: keys of `dbce.scores.evaluation.columns`.
        measured: from `dbce.scores.evidence.read_evidence`, which may know of several seeds.
        short: what `dbce.scores.evaluation.short_run` says of the two losses whose difference is stated.
    """
    dice = names.index("dice")
    order = sorted(ours, key=lambda loss: -ours[loss][dice])
    said = "Order by Dice here: " + ", ".join(f"{title(loss)} {ours[loss][dice]:.1f}" for loss in order)
    if set(paper) != set(ours):
        return [said + "."]
    theirs = sorted(paper, key=lambda loss: -paper[loss][dice])
    said += (
        ", the same as in the paper."
        if order == theirs
        else "; in the paper: " + ", ".join(f"{title(loss)} {paper[loss][dice]:.1f}" for loss in theirs) + "."
    )
    sentences = [said, *(_spill(ours, paper, names) if "recall" in names else _organs(ours, paper, names, short))]
    gain, claimed = (scores[METHOD][dice] - scores["ce"][dice] for scores in (ours, paper))
    words = f"{title(METHOD)} against CE: {gain:+.1f} points of Dice here, {claimed:+.1f} in the paper"
    sentences.append(f"{words.replace('-', MINUS)}{short}.")
    gaps = [paper[loss][dice] - ours[loss][dice] for loss in ours]
    chance = "One run a loss, so a difference of a point or so between two losses may be chance."
    if evidence.seeds_of(measured) > 1:
        chance = (
            f"These sentences are about the means over {evidence.seeds_of(measured)} seeds; the first table has one of "
            "them, whose networks the page shows."
        )
    if "recall" in names and min(gaps) > 0:
        chance = (
            f"Our Dice lies {min(gaps):.1f} to {max(gaps):.1f} points below the paper’s: a lighter network, a shorter "
            f"schedule. {chance}"
        )
    return [*sentences, chance]


def _spill(
    ours: Mapping[str, Sequence[float]], paper: Mapping[str, Sequence[float]], names: Sequence[str]
) -> list[str]:
    """Whether balanced cross entropy finds more than the others and claims too much."""
    precision, recall = names.index("precision"), names.index("recall")
    spills = [_is_extreme(scores, recall, max) and _is_extreme(scores, precision, min) for scores in (ours, paper)]
    return [
        f"Balanced CE {'has' if spills[0] else 'does not have'} both the highest recall ({ours['bce'][recall]:.1f}) "
        f"and the lowest precision ({ours['bce'][precision]:.1f}); in the paper it {'has' if spills[1] else 'has not'} "
        f"({paper['bce'][recall]:.1f}, {paper['bce'][precision]:.1f})."
    ]


def _organs(
    ours: Mapping[str, Sequence[float]], paper: Mapping[str, Sequence[float]], names: Sequence[str], short: str
) -> list[str]:
    """What balancing costs, and which organ it costs most."""
    sentences = []
    for scores, where in ((ours, "here"), (paper, "in the paper")):
        loss = [scores["ce"][k] - scores["bce"][k] for k in range(len(names))]
        worst = max(range(2, len(names)), key=loss.__getitem__)
        words = (
            f"Balanced CE against CE {where}: {-loss[names.index('dice')]:+.1f} points of Dice, at worst "
            f"{-loss[worst]:+.1f} at the {names[worst]}"
        )
        sentences.append(f"{words.replace('-', MINUS)}{short if scores is ours else ''}.")
    for name, row in ours.items():
        lost = [organ for organ, score in zip(names[2:], row[2:], strict=True) if score < 1]
        if lost and not short:
            sentences.append(f"{title(name)} found next to nothing of {' and '.join(lost)} in this schedule.")
    return sentences


def _is_extreme(scores: Mapping[str, Sequence[float]], column: int, pick: Any) -> bool:
    return scores["bce"][column] == pick(values[column] for values in scores.values())
