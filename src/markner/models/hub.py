"""Weights on the Hugging Face hub: check the access, and download the files. Imports no torch."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
from huggingface_hub import constants as hub_constants
from huggingface_hub import errors as hub_errors

from markner.errors import MarknerError
from markner.files import read_json
from markner.study.schema.systems import HubModel

SMALL = ("*.json", "*.txt", "*.model", "*.jinja")
WEIGHTS = ("*.safetensors", "*.bin")
_LOADED = {"*.safetensors": "model.safetensors", "*.bin": "pytorch_model.bin"}


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
    config = try_to_load_from_cache(model.id, "config.json", revision=model.revision)
    if isinstance(config, str) and _has_weights(Path(config).parent):
        return
    with _plain_errors(model):
        if hub_constants.HF_HUB_OFFLINE:
            raise hub_errors.OfflineModeIsEnabled("HF_HUB_OFFLINE is set")
        HfApi().auth_check(model.id)
        HfApi().model_info(model.id, revision=model.revision, timeout=30)


def _has_weights(folder: Path) -> bool:
    """Return whether the weights in a folder of the cache are complete, as far as their index says."""
    return any(any(folder.glob(pattern)) and not missing_shards(folder, pattern) for pattern in WEIGHTS)


def missing_shards(folder: Path, pattern: str) -> list[str]:
    """Return the files that the index of sharded weights names and the folder lacks.

    The pattern is one of `WEIGHTS`. An index beside a single file of all weights is ignored, as when a model is loaded.
    """
    index = folder / f"{_LOADED[pattern]}.index.json"
    if (folder / _LOADED[pattern]).exists() or not index.exists():
        return []
    shards = set(read_json(index).get("weight_map", {}).values())
    return sorted(shard for shard in shards if not (folder / shard).exists())


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
        json.JSONDecodeError,
    ) as error:
        if isinstance(error, hub_errors.HfHubHTTPError) and error.response.status_code == HTTPStatus.UNAUTHORIZED:
            raise MarknerError(
                f"{model.id}: the hub refuses the token of this machine ({_reason(error)})",
                "run `hf auth login`, or set HF_TOKEN to a valid token; a public model needs none",
            ) from error
        licence = f"; its licence: {model.licence}" if model.licence else ""
        raise MarknerError(
            f"{model.id}: not in the local cache and the hub cannot be reached ({_reason(error)})",
            f"where there is a network run `hf download {model.id} --revision {model.revision}` with the same HF_HOME"
            f" (a gated model needs `hf auth login` or HF_TOKEN{licence}), or use `source: folder`",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "the answer is not from the hub; a proxy may have sent a login page"
    # Where the files are not in the cache either, the library raises another error from that of the request.
    cause = error.__cause__ if isinstance(error.__cause__, hub_errors.HfHubHTTPError) else error
    if isinstance(cause, hub_errors.HfHubHTTPError):
        # The first line is the reason, the body of the answer follows.
        lines = (cause.server_message or cause.response.reason_phrase).splitlines()
        return f"HTTP {cause.response.status_code} {lines[0] if lines else ''}".rstrip()
    return type(error).__name__
