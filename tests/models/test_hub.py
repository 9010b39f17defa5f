"""Tests of `markner.models.hub`."""

from pathlib import Path

import pytest
from huggingface_hub import constants

from markner.errors import MarknerError
from markner.models.hub import require_access
from markner.study.schema.systems import HubModel

GATED = HubModel(source="hub", id="example/gated", licence="Example licence; accept it on the model's page")


def test_all_weights_that_cannot_be_downloaded_are_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    other = HubModel(source="hub", id="example/other")
    with pytest.raises(MarknerError, match=r"example/gated: not in the local cache") as raised:
        require_access([GATED])
    assert "Example licence" in raised.value.fix
    assert "hf auth login" in raised.value.fix
    assert "HF_TOKEN" in raised.value.fix
    with pytest.raises(MarknerError, match="2 models cannot be downloaded") as raised:
        require_access([GATED, other])
    assert "example/other" in str(raised.value)


def test_what_is_in_the_local_cache_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--example--gated" / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("a" * 40)
    require_access([GATED])
