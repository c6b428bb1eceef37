"""What the package needs, read from requirements.txt and requirements-dev.txt; all else is in pyproject.toml."""

import re
from collections import defaultdict
from pathlib import Path

from setuptools import setup

NEEDS: defaultdict[str, list[str]] = defaultdict(list)
for name in ("requirements.txt", "requirements-dev.txt"):
    part = ""
    for line in (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines():
        heading = re.match(r"# \[(\w+)\]", line)
        if heading:
            part = heading[1]
        elif line.strip() and not line.startswith(("#", "-r")):
            NEEDS[part].append(line.strip())

setup(
    install_requires=NEEDS["loss"],
    extras_require={
        "page": NEEDS["networks"] + NEEDS["page"],
        "train": NEEDS["networks"] + NEEDS["train"],
        "dicom": NEEDS["dicom"],
        "evidence": NEEDS["evidence"],
        "notebook": NEEDS["networks"] + NEEDS["notebook"],
        "tensorboard": NEEDS["networks"] + NEEDS["tensorboard"],
        "wandb": NEEDS["networks"] + ["wandb>=0.16"],  # in no list: it asks for an account, and no test needs it
        "dev": ["dbce[page,train,dicom,evidence,notebook,tensorboard]", *NEEDS["dev"]],
    },
)
