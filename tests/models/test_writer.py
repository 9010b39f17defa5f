"""Candidates of a tiny model: they repeat, they resume, they end where their line ends."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_llama import SENTENCES, write_tiny_llama
from transformers import TokenizersBackend

from markner.data.documents import Sentence, Span, write_sentences
from markner.data.synthetic.candidates import Candidate
from markner.files import read_json, read_records
from markner.models.causal import writer as room
from markner.models.causal.writer import final_tokens, sample_lines, write
from markner.models.weights import load_causal, load_tokenizer
from markner.study.schema.self_instruct import Writing

pytestmark = pytest.mark.usefixtures("one_thread")

WRITING = Writing(candidates=7, examples=2, batch_size=3, max_tokens=12, precision="fp32")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "train.jsonl"
    spans = [tuple(Span(*span) for span in found) for _, found in SENTENCES]
    rows = zip(SENTENCES, spans, strict=True)
    write_sentences(path, [Sentence(f"s{n}", "d", text, found, found) for n, ((text, _), found) in enumerate(rows)])
    return path


def run(weights: Path, train: Path, output: Path, writing: Writing = WRITING, seed: int = 1) -> bytes:
    write(
        weights,
        train,
        model_name="tiny",
        entity="disease",
        seed_sentences=5,
        seed=seed,
        writing=writing,
        output=output,
    )
    return output.read_bytes()


def test_the_same_seed_writes_the_same_and_another_does_not(weights: Path, train: Path, tmp_path: Path) -> None:
    first = run(weights, train, tmp_path / "a.jsonl")
    assert run(weights, train, tmp_path / "b.jsonl") == first
    assert run(weights, train, tmp_path / "c.jsonl", seed=2) != first
    assert run(weights, train, tmp_path / "d.jsonl", WRITING.model_copy(update={"temperature": 0.5})) != first
    rows = list(read_records(tmp_path / "a.jsonl", Candidate))
    assert [row.number for row in rows] == list(range(7))
    assert len({row.raw for row in rows}) > 1
    assert all(len(set(row.shown)) == 2 and row.model == "tiny" and "\n" not in row.raw for row in rows)


class KilledError(Exception):
    """Stands for a job that is killed."""


def test_an_interrupted_writing_goes_on_to_the_same_candidates(
    weights: Path, train: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run(weights, train, tmp_path / "straight.jsonl")
    batches: list[int] = []
    original = room.sample_lines

    def killed(model: object, tokenizer: object, prompts: list[str], *rest: object) -> object:
        batches.append(len(prompts))
        if len(batches) == 3:
            raise KilledError
        return original(model, tokenizer, prompts, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(room, "sample_lines", killed)
        with pytest.raises(KilledError):
            run(weights, train, tmp_path / "broken.jsonl")
    partial = tmp_path / "broken.jsonl.partial"
    lines = partial.read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + 6
    # Killed in the middle of a line, and of a batch.
    partial.write_bytes(b"".join(lines[:-1]) + lines[-1][:9])
    batches.clear()
    monkeypatch.setattr(room, "sample_lines", killed)
    assert run(weights, train, tmp_path / "broken.jsonl") == expected
    assert batches == [3, 1]
    assert not partial.exists()


def test_what_other_settings_left_is_not_taken_over(weights: Path, train: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.partial").write_text('{"fingerprint": "of another"}\n{"candidate": 0}\n', encoding="utf-8")
    run(weights, train, tmp_path / "a.jsonl")
    assert len(list(read_records(tmp_path / "a.jsonl", Candidate))) == 7


def test_the_vocabulary_is_decoded_once_not_for_every_batch(
    weights: Path, train: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    original = TokenizersBackend.batch_decode

    def counted(self: TokenizersBackend, rows: list[list[int]], *rest: Any, **options: Any) -> Any:
        decoded.append(len(rows))
        return original(self, rows, *rest, **options)

    monkeypatch.setattr(TokenizersBackend, "batch_decode", counted)
    run(weights, train, tmp_path / "a.jsonl")
    assert decoded.count(read_json(weights / "config.json")["vocab_size"]) == 1


def test_a_line_ends_at_its_end_or_at_the_limit(weights: Path) -> None:
    tokenizer, model = load_tokenizer(weights), load_causal(weights, torch.float32)
    ends = final_tokens(model, tokenizer)
    breaks = ends - {tokenizer.eos_token_id}
    assert breaks and all("\n" in str(tokenizer.decode([token])) for token in breaks)
    with torch.no_grad():
        # The model's last layer says: a line end, whatever came before.
        model.get_output_embeddings().weight.data[sorted(breaks)] *= 40
    lines = list(sample_lines(model, tokenizer, ["One .", "Another sentence ."] * 20, WRITING, 1, ends))
    assert {finished for _, finished in lines} == {True, False}
    assert all("\n" not in text and "<|end|>" not in text for text, _ in lines)
    assert read_json(weights / "config.json")["vocab_size"] == len(tokenizer)
