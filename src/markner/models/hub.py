"""Weights on the Hugging Face hub: check the access, and download the files. Imports no torch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
from huggingface_hub import constants as hub_constants
from huggingface_hub import errors as hub_errors

from markner.errors import MarknerError
from markner.study.schema.systems import HubModel

SMALL = ("*.json", "*.txt", "*.model", "*.jinja")
WEIGHTS = ("*.safetensors", "*.bin")


def require_access(models: Sequence[HubModel]) -> None:
    """Raise one MarknerError for all weights that cannot be downloaded: gated, unknown or unreachable.

    Nothing is downloaded. Weights in the local cache need no network.
    """
    errors = []
    for model in models:
        try:
            _check_access(model)
        except MarknerError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise MarknerError(f"{len(errors)} models cannot be downloaded\n\n" + "\n\n".join(map(str, errors)))


def _check_access(model: HubModel) -> None:
    if isinstance(try_to_load_from_cache(model.id, "config.json", revision=model.revision), str):
        return
    with _plain_errors(model):
        if hub_constants.HF_HUB_OFFLINE:
            raise hub_errors.OfflineModeIsEnabled("HF_HUB_OFFLINE is set")
        HfApi().auth_check(model.id)
        HfApi().model_info(model.id, revision=model.revision, timeout=30)


def snapshot(model: HubModel) -> Path:
    """Download a repository into the local cache and return the folder. `.bin` is used if there are no safetensors.

    Raises:
        MarknerError: The repository is gated, unknown or unreachable.
    """
    with _plain_errors(model):
        for weights in WEIGHTS:
            # `*` also matches slashes. Weights in sub-folders are other formats of the same model.
            folder = Path(
                snapshot_download(
                    model.id, revision=model.revision, allow_patterns=[*SMALL, weights], ignore_patterns=["*/*"]
                )
            )
            if any(folder.glob(weights)):
                break
    return folder


@contextmanager
def _plain_errors(model: HubModel) -> Iterator[None]:
    """Replace the errors of the hub by a MarknerError with a fix."""
    try:
        yield
    except hub_errors.GatedRepoError as error:
        raise MarknerError(
            f"{model.id}: the repository is gated and this machine has no access",
            f"accept the licence{f' ({model.licence})' if model.licence else ''} on https://huggingface.co/{model.id},"
            " then run `hf auth login`, or set HF_TOKEN to a token of that account",
        ) from error
    except hub_errors.RevisionNotFoundError as error:
        raise MarknerError(f"{model.id}: no revision {model.revision!r}", "name a branch, tag or commit") from error
    except hub_errors.RepositoryNotFoundError as error:
        raise MarknerError(
            f"{model.id}: no such repository, or it is private",
            "check `id`; for a private one run `hf auth login`, or set HF_TOKEN",
        ) from error
    except (
        hub_errors.LocalEntryNotFoundError,
        hub_errors.OfflineModeIsEnabled,
        httpx2.HTTPError,
    ) as error:
        licence = f"; its licence: {model.licence}" if model.licence else ""
        raise MarknerError(
            f"{model.id}: not in the local cache and the hub cannot be reached ({type(error).__name__})",
            f"where there is a network run `hf download {model.id} --revision {model.revision}` with the same HF_HOME"
            f" (a gated model needs `hf auth login` or HF_TOKEN{licence}), or use `source: folder`",
        ) from error
