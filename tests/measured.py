"""What could have been measured of four networks, for the figures and files of Radius and Results."""

CURVE = {
    "task": "polyp",
    "label": "short run",
    "test_data": "CVC",
    "setting": "A small encoder, few epochs.",
    "command": "python -m dbce train",
    "points": [
        {"radius": r, "dice": d, "iou": d - 10.0, "precision": 80.5, "recall": 90.25}
        for r, d in ((0.0, 70.0), (20.0, 80.5), (37.0, 77.25), (150.0, 75.0))
    ],
}

RESULT = {
    "title": "Polyp segmentation, Table 1 of the paper",
    "setting": "Trained for a while; tested on CVC.",
    "columns": ["mDice", "mIoU", "mPrec.", "mRec."],
    "rows": [
        {"loss": "ce", "ours": [81.03, 73.17, 85.35, 82.07], "paper": [86.41, 79.34, 88.9, 87.59]},
        {"loss": "dbce", "ours": [84.06, 76.04, 87.35, 85.69], "paper": None},
    ],
    "more": None,
    "differences": [],
    "remarks": {},
    "commands": {"data": None, "train": "t", "evaluate": "e", "evidence": None},
}

FOUND = {
    "verdict": [{"text": "Dilated balanced CE is 2.8 points of Dice ahead of CE. " * 5}, {"text": "It is not alone."}],
    "errors": "Fewer pixels are missed.",
    "columns": {"dice": "Dice", "rim_fp": "false in the rim, % of the object"},
    "heading": "Mean over 3 trainings a loss",
    "note": "Bold is better. \u2020 of the networks shown alone.",
    "rows": [
        {
            "row": "ce",
            "title": "CE",
            "trainings": 3,
            "values": {"dice": 80.904, "rim_fp": 11.171},
            "std": {"dice": 0.259},
            "shown": ["rim_fp"],
            "marks": {"dice": "", "rim_fp": ""},
        },
        {
            "row": "dbce",
            "title": "Dilated balanced CE",
            "trainings": 3,
            "values": {"dice": 83.665, "rim_fp": 10.665},
            "std": {"dice": 0.352},
            "shown": ["rim_fp"],
            "marks": {"dice": "bold", "rim_fp": "shaded"},
        },
    ],
}
