"""A language model is shown the title or the neighbors of a sentence, in training, prediction and annotation."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from tiny_llama import INSTRUCTION, fine_tuning, write_tiny_llama

from markner.annotate.text_tagger import TextTagger
from markner.data.context import Context, ContextKind
from markner.data.documents import Sentence, Span, write_sentences
from markner.data.instructions import build_mixture, read_instances, render_prompt
from markner.data.params import MixtureParams
from markner.models.causal.examples import encode_prompts, encode_texts
from markner.models.causal.finetune import finetune
from markner.models.decoding.pieces import sentence_pieces
from markner.models.decoding.predict import predict
from markner.models.tagging import load_system
from markner.models.weights import load_tokenizer
from markner.predictions import read_predictions
from markner.study.params import EntityPrompt
from markner.study.schema.annotations import Tagger
from markner.study.schema.corpora import Mixture, Prompt
from markner.study.schema.systems import Decoding, Training

DECODING = Decoding(method="copy-draft", batch_size=4, precision="fp32", max_new_tokens_margin=8)
TEMPLATE = "{instruction}|{context}|{input}|"


def prompt_of(kind: ContextKind) -> Prompt:
    return Prompt(context=kind, template=TEMPLATE if kind != "none" else "{instruction}||{input}|")


def titled(count: int) -> list[Sentence]:
    """Documents in which `ataxia` is a mention if their title says `human`."""
    sentences = []
    for number in range(count):
        gold = (Span(4, 10),) if number % 2 else ()
        sentences += [
            Sentence(f"{number}.0", f"{number}", "In human ." if number % 2 else "In mice ."),
            Sentence(f"{number}.1", f"{number}", "The ataxia was mild .", gold, gold),
        ]
    return sentences


def trained(folder: Path, kind: ContextKind) -> Path:
    """Train a model as the workflow lays it out, and return the folder of its results."""
    write_sentences(folder / "corpus.jsonl", titled(8))
    training = Training(epochs=80, learning_rate=1e-2, batch_size=8, device_batch_size=8, precision="fp32")
    settings = fine_tuning(write_tiny_llama(folder / "random"), folder, training)
    prompt, files = prompt_of(kind), (settings.instructions, folder / "index.csv")
    build_mixture(Mixture(corpora=["c"]), prompt, {"c": "disease"}, [folder / "corpus.jsonl"], *files)
    finetune(replace(settings, template=prompt.template))
    return folder


def predicted(folder: Path, kind: ContextKind) -> list[tuple[Span, ...]]:
    prompt = EntityPrompt.of_prompt(prompt_of(kind), "disease")
    predict(folder / "model", folder / "corpus.jsonl", prompt, DECODING, folder / "out.jsonl")
    return [row.spans for row in read_predictions(folder / "out.jsonl")]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", ["title", "neighbors"])
def test_what_only_the_context_says_is_learned_and_tagged(tmp_path: Path, kind: ContextKind) -> None:
    folder = trained(tmp_path, kind)
    sentences = titled(8)
    assert predicted(folder, kind) == [row.spans for row in sentences]
    prompt = prompt_of(kind)
    tagger = Tagger(
        run="tiny",
        seed=1,
        system="generative",
        folder="model",
        instructions={"disease": prompt.instruction_text("disease")},
        template=prompt.template,
        context=kind,
        decoding=DECODING,
    )
    pairs = list(zip(sentences[::2], sentences[1::2], strict=True))
    system = load_system(Tagger.model_validate(tagger.model_dump()), folder)
    tagged = TextTagger([system]).tag([f"{title.text}\n\n{row.text}" for title, row in pairs])
    starts = [[mention.start for mention in mentions] for mentions in tagged]
    assert starts == [[len(title.text) + 2 + 4] if row.spans else [] for title, row in pairs]


@pytest.mark.usefixtures("one_thread")
def test_without_context_it_cannot_be_known(tmp_path: Path) -> None:
    spans = predicted(trained(tmp_path, "none"), "none")
    assert len(set(spans[1::2])) == 1


def test_an_instruction_shows_the_neighbors_in_the_corpus_also_of_a_part_of_it(tmp_path: Path) -> None:
    rows = ["Ste\u0301rile <mark> one .", "Two .", "Three ."]
    write_sentences(tmp_path / "c.jsonl", [Sentence(str(number), "d", text) for number, text in enumerate(rows)])
    files = (tmp_path / "set.json", tmp_path / "set.csv")
    mixture, prompt = Mixture(corpora=["c"], limit=2), Prompt(context="neighbors")
    build_mixture(mixture, prompt, {"c": "disease"}, [tmp_path / "c.jsonl"], *files)
    first = "St\u00e9rile \u2039mark\u203a one ."
    expected = {first: "[...] Two .", "Two .": f"{first} [...] Three .", "Three .": "Two . [...]"}
    drawn = read_instances(files[0])
    assert len(drawn) == 2
    for row in drawn:
        assert row.context == expected[row.input]
        written = render_prompt(prompt.template, row.instruction, row.input, context=row.context)
        assert f"\n\n### Context:\n{row.context}\n\n### Input:\n{row.input}\n\n### Response:\n" in written


def test_the_text_of_a_context_shows_where_the_sentence_stands() -> None:
    assert Context("a", "b").text == "a [...] b"
    assert (Context("a").text, Context("", "b").text, Context().text) == ("a [...]", "[...] b", "")


@pytest.mark.parametrize("length", [1, 50, 400, 5000])
@pytest.mark.parametrize("sentence", ["Patients had ataxia .", "Patients had ataxia and mice had none , " * 40])
def test_a_context_leaves_room_for_its_sentence_or_is_left_out(tmp_path: Path, length: int, sentence: str) -> None:
    tokenizer = load_tokenizer(write_tiny_llama(tmp_path / "random"))
    prompt = EntityPrompt(template=TEMPLATE, instruction=INSTRUCTION, context="neighbors")
    around = ("mice " * length).strip()
    pieces = sentence_pieces([sentence], tokenizer, prompt, DECODING, 512, [around])
    assert {piece.context for piece in pieces} == {around if length < 100 else ""}
    assert "".join("".join(piece.text for piece in pieces).split()) == "".join(sentence.split())
    for piece in pieces:
        asked = render_prompt(TEMPLATE, INSTRUCTION, piece.text, context=piece.context)
        (read,), (answer,) = encode_prompts(tokenizer, [asked]), encode_texts(tokenizer, [piece.text])
        assert len(read) + 2 * len(answer) + DECODING.max_new_tokens_margin <= 512


def test_a_template_shows_the_context_exactly_if_it_is_set() -> None:
    with pytest.raises(ValidationError, match=r"must contain \{context\}"):
        Prompt(context="title", template="{instruction}{input}")
    with pytest.raises(ValidationError, match="say which with `context: neighbors`"):
        Prompt(template="{instruction}{context}{input}")


def test_no_context_changes_no_params_of_before() -> None:
    prompt = EntityPrompt.of_prompt(Prompt(), "disease")
    assert "context" not in prompt.model_dump()
    assert EntityPrompt.of_prompt(Prompt(context="title"), "disease").model_dump()["context"] == "title"
    params = MixtureParams(mixture=Mixture(corpora=["c"]), prompt=Prompt(), entities={"c": "disease"})
    assert "context" not in params.settings()["prompt"]
