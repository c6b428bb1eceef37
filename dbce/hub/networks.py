"""Networks from the Hugging Face Hub, pinned to a revision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id


class Unavailable(ValueError):
    """What was asked of the Hub was asked well, but cannot be had now; one sentence says why."""


def parse(reference: str) -> tuple[str, str]:
    """``user/name@revision`` -> repository and revision.

    Raises:
        ValueError: another form.
    """
    repository, _, revision = reference.partition("@")
    if not revision:
        raise ValueError(f"hub is {reference!r}; pin a revision: user/name@COMMIT (shown under 'Files' on the Hub).")
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise ValueError(f"hub is {reference!r}; the form is user/name@revision.") from error
    return repository, revision


def download_networks(reference: str, files: Sequence[str] = ("*.safetensors", "*.json")) -> Path:
    """Download the networks of a repository on the Hugging Face Hub, once, and tell where they lie.

    Args:
        reference: ``user/name@revision``; a commit hash as revision always gives the same files, also offline.
        files: what is fetched of it, as patterns.

    Raises:
        ValueError: a reference of another form.
        Unavailable: a repository that cannot be had, with the reason.
    """
    repository, revision = parse(reference)
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(files)))
    except RevisionNotFoundError as error:
        raise Unavailable(
            f"the Hub's repository {repository} has no revision {revision!r}; copy one from it."
        ) from error
    except RepositoryNotFoundError as error:
        raise Unavailable(
            f"the Hub has no repository {repository!r} that you may read; check the name, or run `hf auth login`."
        ) from error
    except LocalEntryNotFoundError as error:
        raise Unavailable(
            f"{reference} could not be downloaded and is not in the cache; check the connection (HF_HUB_OFFLINE=1 "
            "takes from the cache alone)."
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise Unavailable(f"{reference} could not be downloaded ({reason(error)}); try again later.") from error


def reason(error: BaseException) -> str:
    """What an error of the client or the system says, in one line."""
    return " ".join(str(error).split())[:160].rstrip(".")
