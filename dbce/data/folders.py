"""Where the images and the masks of a data set are, in official layouts and usual ones, and which belong together."""

from __future__ import annotations

import re
from pathlib import Path

LAYOUTS = (
    ("images", "masks"),
    ("Original", "Ground Truth"),
    ("ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth"),
    ("ISIC2018_Task1-2_Validation_Input", "ISIC2018_Task1_Validation_GroundTruth"),
    ("ISIC2018_Task1-2_Test_Input", "ISIC2018_Task1_Test_GroundTruth"),
    ("ISIC-2017_Training_Data", "ISIC-2017_Training_Part1_GroundTruth"),
    ("ISIC-2017_Validation_Data", "ISIC-2017_Validation_Part1_GroundTruth"),
    ("ISIC-2017_Test_v2_Data", "ISIC-2017_Test_v2_Part1_GroundTruth"),
    ("ISBI2016_ISIC_Part1_Training_Data", "ISBI2016_ISIC_Part1_Training_GroundTruth"),
    ("ISBI2016_ISIC_Part1_Test_Data", "ISBI2016_ISIC_Part1_Test_GroundTruth"),
)
"""(image folder, mask folder) of Kvasir-SEG, of CVC-ClinicDB, and of ISIC 2018 (task 1), 2017 and 2016."""

_IMAGE_FOLDERS = ("images", "image", "imgs")
_MASK_FOLDERS = ("masks", "mask", "labels", "label", "gt", "groundtruth", "ground_truth", "ground truth", "annotations")
_MASK_ENDING = re.compile(r"[-_ ](segmentation|mask|masks|gt|label|labels|seg)$", re.IGNORECASE)

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif")
_LITTER = ("thumbs.db", "desktop.ini")  # and what begins with a dot


def find_pairs(folder: str | Path) -> list[tuple[Path, Path]]:
    """Image and mask files of a folder in the layout of one of `LAYOUTS`, paired by file stem.

    The folder may also be the image folder itself, of which the mask folder is a neighbour; and the two may be called
    by other usual names (``image``, ``imgs``; ``mask``, ``labels``, ``gt``, ...) if there is one of each.

    Returns:
        Sorted (image, mask) paths.

    Raises:
        ValueError: no such folder, another layout, files without a partner, or several of one name (all of them are
            named).
    """
    image_folder, mask_folder = _folders(Path(folder))
    pairs, problems = pair_masks(image_folder, mask_folder)
    if not pairs and not problems:
        problems = [f"no image in {image_folder}"]
    raise_all(problems)
    return pairs


def pair_masks(image_folder: Path, mask_folder: Path) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Image and mask files of two folders, paired by file stem; a mask may be called ``STEM_mask`` or the like.

    Returns:
        Sorted (image, mask) paths, and a sentence on each file that has no partner or is one of several.
    """
    problems: list[str] = []
    images, masks = by_stem(image_folder, problems), by_stem(mask_folder, problems)
    for stem in sorted(masks.keys() - images.keys()):
        whose = _MASK_ENDING.sub("", stem)
        if whose in images and whose in masks and whose != stem:
            problems.append(f"{masks[stem]} and {masks[whose].name}: two masks of {images[whose].name}")
            del masks[stem]
        elif whose in images:
            masks[whose] = masks.pop(stem)
    problems += [f"{images[stem]}: no mask of that name" for stem in sorted(images.keys() - masks.keys())]
    problems += [f"{masks[stem]}: no image of that name" for stem in sorted(masks.keys() - images.keys())]
    return [(images[stem], masks[stem]) for stem in sorted(images.keys() & masks.keys())], problems


def image_folder(folder: str | Path) -> Path:
    """Where the images are.

    Raises:
        ValueError: no such folder, or another layout.
    """
    return _folders(Path(folder))[0]


def is_image_folder(folder: Path) -> bool:
    """Whether a folder has the usual name of one of images, so that the one above it names the set."""
    return folder.name.lower() in (*_IMAGE_FOLDERS, *(names[0].lower() for names in LAYOUTS[:2]))


def _folders(folder: Path) -> tuple[Path, Path]:
    """Where the images and where the masks are."""
    for names in LAYOUTS:
        if (folder / names[0]).is_dir() and (folder / names[1]).is_dir():
            return folder / names[0], folder / names[1]
        if folder.resolve().name == names[0] and (folder.resolve().parent / names[1]).is_dir():
            return folder, folder.resolve().parent / names[1]
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []
    images, masks = (
        [path for path in inside if path.name.lower() in known] for known in (_IMAGE_FOLDERS, _MASK_FOLDERS)
    )
    if len(images) == len(masks) == 1:
        return images[0], masks[0]
    if images and masks:
        found = ", ".join(path.name for path in images + masks)
        raise ValueError(f"{folder} holds the folders {found}; keep one of images and one of masks in it.")
    raise ValueError(
        f"{folder} does not hold a data set: it must contain the folders 'images' and 'masks' or 'Original' and "
        "'Ground Truth', or those of ISIC 2016, 2017 or 2018 under their own names. Name the folder that contains "
        "them, or a file made by `python -m dbce pack`."
    )


def by_stem(folder: Path, problems: list[str]) -> dict[str, Path]:
    """Picture files by stem; of several with one stem the first, and a problem."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not _is_picture(path):
            continue
        if path.stem in found:
            problems.append(
                f"{found[path.stem]} and {path.name}: two files of one name, so it cannot be told which counts"
            )
        else:
            found[path.stem] = path
    return found


def _is_picture(path: Path) -> bool:
    litter = path.name.startswith(".") or path.name.lower() in _LITTER
    return not litter and path.suffix.lower() in SUFFIXES and not path.stem.endswith("_superpixels")


def skipped(folder: str | Path) -> list[str]:
    """Files in the image and mask folders of a data set that are not read, with the folder they are in."""
    files = [path for part in _folders(Path(folder)) for path in sorted(part.iterdir())]
    return [f"{path.parent.name}/{path.name}" for path in files if path.is_file() and not _is_picture(path)]


def raise_all(problems: list[str]) -> None:
    """Raise one ValueError that names every problem, if there is one."""
    if problems:
        listing = "\n  ".join(problems)
        raise ValueError(f"{len(problems)} file(s) cannot be used; mend or remove them:\n  {listing}")
