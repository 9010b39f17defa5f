"""Any text is tagged by every kind of tagger: no mention is outside of it, and none divides a grapheme."""

import sys

import pytest
import regex
from conftest import ROOT
from hypothesis import strategies as st
from random_texts import PIECES, batches
from tagged_study import TAGGER, write_tiny_study

sys.path.append(str(ROOT / "tests" / "models"))

from test_typed_model import PLAIN, PROMPT, TYPES, learned, tagger
from tiny_llama import SENTENCES

from markner.annotate import pipeline
from markner.annotate.text_tagger import TextTagger
from markner.models.tagging import GenerativeSystem, System, load_system
from markner.study.schema.corpora import Prompt

KNOWN = [text for text, _ in SENTENCES]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Random texts, some with sentences that the language models know; these stand at the end once more."""
    pieces = st.one_of(PIECES, PIECES, st.sampled_from(KNOWN).map(lambda text: f"\n\n{text}\n\n"))
    drawn: list[str] = []

    @batches(st.lists(pieces, max_size=3).map("".join))
    def draw(batch: list[str]) -> None:
        drawn.extend(batch)

    draw()
    return drawn + KNOWN


def encoder(factory: pytest.TempPathFactory) -> System:
    return load_system(TAGGER, write_tiny_study(factory.mktemp("encoder")))


def language_model(
    factory: pytest.TempPathFactory, prompt: Prompt, method: str, types: list[str], *, tokenize: bool = False
) -> System:
    settings = tagger(prompt, method)
    instructions = {entity: settings.instructions[entity] for entity in types}
    decoding = settings.decoding.model_copy(update={"batch_size": 256})
    settings = settings.model_copy(update={"decoding": decoding, "instructions": instructions, "tokenize": tokenize})
    return GenerativeSystem(settings, learned(factory, prompt) / "model")


SYSTEMS = {
    "an encoder": encoder,
    "a language model": lambda factory: language_model(factory, PLAIN, "constrained", ["disease"]),
    "a language model that reads tokens": lambda factory: language_model(
        factory, PLAIN, "constrained", ["disease"], tokenize=True
    ),
    "a language model with typed marks": lambda factory: language_model(factory, PROMPT, "copy-draft", TYPES),
}


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", SYSTEMS)
def test_any_text_is_tagged_and_no_mention_divides_a_grapheme(
    kind: str, texts: list[str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "BLOCK", 3000)  # larger batches
    system = SYSTEMS[kind](tmp_path_factory)
    tagged = list(TextTagger([system]).tag(texts))
    assert len(tagged) == len(texts)
    for text, mentions in zip(texts, tagged, strict=True):
        borders = {match.start() for match in regex.finditer(r"\X", text)} | {len(text)} if mentions else set()
        for mention in mentions:
            assert mention.text == text[mention.start : mention.end] != ""
            assert {mention.start, mention.end} <= borders
    assert sum(map(len, tagged[-len(KNOWN) :])) >= 7, "those of the known sentences"
