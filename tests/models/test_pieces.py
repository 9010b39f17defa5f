"""Long sentences and decomposed letters: how a language model is asked, and where its answers come back to."""

import json
import shutil
import unicodedata
from pathlib import Path

import pytest
import regex
from accents import accented, in_composed
from conftest import ROOT
from tiny_llama import INSTANCES, INSTRUCTION, TEMPLATE, write_tiny_llama

from markner import load
from markner.data.documents import Sentence, Span, write_sentences
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.data.instructions import Drawn, instance, render_prompt
from markner.errors import MarknerError
from markner.markup import MARKS, escape_marks, mark, unmark
from markner.models.causal.examples import encode_prompts, encode_texts
from markner.models.chat.cache import Response
from markner.models.chat.completion import prediction
from markner.models.chat.requests import messages
from markner.models.decoding.generate import Answer
from markner.models.decoding.pieces import LONGEST, Piece, join_answers, positions_of, sentence_pieces
from markner.models.decoding.predict import predict
from markner.models.tagging import GenerativeSystem
from markner.models.weights import load_tokenizer
from markner.predictions import read_predictions
from markner.study.params import EntityPrompt
from markner.study.schema.annotations import Tagger
from markner.study.schema.corpora import Prompt
from markner.study.schema.systems import Decoding
from markner.tags import words

pytest_plugins = ["tiny_llama"]

DECODING = Decoding(method="constrained", batch_size=64, precision="fp32", max_new_tokens_margin=8)
PROMPT = EntityPrompt(template=TEMPLATE, instruction=INSTRUCTION)


def cut(folder: Path, text: str, positions: int = 512) -> list[Piece]:
    return sentence_pieces([text], load_tokenizer(folder), PROMPT, DECODING, positions)


def test_a_sentence_that_fits_is_one_piece_with_its_white_space(untuned: Path) -> None:
    texts = [" Patients  had ataxia. ", "", " ", "a"]
    pieces = sentence_pieces(texts, load_tokenizer(untuned), PROMPT, DECODING, 512)
    assert pieces == [Piece(number, 0, len(text), text) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    "unit",
    [
        "patients had ataxia and breast cancer ",
        "one, two; and three - four (five) six, ",
        "α-thalassaemia\u00a0in mice\n ",
        "Sjo\u0308gren ",
        "ACGT",
        "🧬👩\u200d🔬",
        "e\u0301\u0323\u0308",
        "<mark> ",
        "a.b-c/d",
    ],
)
def test_pieces_cover_a_text_fit_the_model_and_cut_no_word(untuned: Path, unit: str) -> None:
    text, tokenizer = unit * (6000 // len(unit)), load_tokenizer(untuned)
    pieces = cut(untuned, text)
    composed = unicodedata.normalize("NFC", text)
    assert len(pieces) > 5
    assert "".join("".join(piece.text for piece in pieces).split()) == "".join(composed.split())
    ends = [0, *(piece.end for piece in pieces)]
    assert all(not composed[end : piece.start].strip() for end, piece in zip(ends, pieces, strict=False))
    assert not composed[ends[-1] :].strip()
    inside = {place for word in words(composed) for place in range(word.start + 1, word.end)}
    clusters = {match.start() for match in regex.finditer(r"\X", composed)} | {len(composed)}
    for piece in pieces:
        assert piece.text == composed[piece.start : piece.end] == piece.text.strip()
        assert {piece.start, piece.end} <= clusters
        assert not {piece.start, piece.end} & inside or len(words(composed)) == 1
        prompt = render_prompt(TEMPLATE, INSTRUCTION, piece.text)
        (asked,), (read,) = encode_prompts(tokenizer, [prompt]), encode_texts(tokenizer, [escape_marks(piece.text)])
        assert len(asked) + 2 * len(read) + DECODING.max_new_tokens_margin <= 512


def test_the_safest_place_in_the_second_half_is_taken(untuned: Path) -> None:
    short = "patients had ataxia "
    for border in (". ", ".) ", "; ", ", ", ") "):
        text = short * 7 + short.strip() + border + short * 3 + "and, " * (border[0] == ".") + short * 20
        assert cut(untuned, text)[0].text == (short * 7 + short.strip() + border).strip()
    assert cut(untuned, short + "here. " + short * 40)[0].text != short + "here."


def test_a_prompt_without_room_is_an_error(untuned: Path) -> None:
    with pytest.raises(MarknerError, match=r"no room for a sentence(?s:.*)max_new_tokens_margin"):
        cut(untuned, "ataxia", positions=40)


def test_positions_are_those_of_the_model_up_to_a_bound(untuned: Path, tmp_path: Path) -> None:
    assert positions_of(untuned) == 512
    assert positions_of(write_tiny_llama(tmp_path, positions=100_000)) == LONGEST


def test_answers_to_pieces_are_joined_at_their_offsets() -> None:
    text = "mild ataxia ,  cafe\u0301 and cancer"
    pieces = [Piece(0, 0, 13, "mild ataxia ,"), Piece(0, 15, 30, "café and cancer")]
    answers = [
        Answer(0, "mild <mark>ataxia</mark> ,", False, (0.5,)),
        Answer(1, "<mark>café</mark> or <mark>cancer</mark>", False, (0.25, 0.75)),
    ]
    (joined,) = join_answers([text], pieces, answers, MARKS)
    assert [text[slice(*span)] for span in joined.spans] == ["ataxia", "cafe\u0301", "cancer"]
    assert joined.confidences == (0.5, 0.25, 0.75)
    assert joined.status == "changed_text"
    assert joined.raw == "mild <mark>ataxia</mark> ,  <mark>café</mark> or <mark>cancer</mark>"


def test_a_text_of_50000_characters_is_tagged_to_its_end(tuned: Path, tmp_path: Path) -> None:
    part = "Mutations cause ataxia and also breast cancer in mice "
    text = part * (50_000 // len(part))
    write_sentences(tmp_path / "test.jsonl", [Sentence("s", "d", text), Sentence("t", "d", INSTANCES[0].input)])
    predict(tuned, tmp_path / "test.jsonl", PROMPT, DECODING, tmp_path / "out.jsonl")
    long, short = read_predictions(tmp_path / "out.jsonl")
    assert short.raw == INSTANCES[0].output
    assert len(long.spans) == len(long.confidences or ())
    assert long.spans[-1].end > len(text) - len(part)
    gaps = [b.start - a.end for a, b in zip(long.spans, long.spans[1:], strict=False)]
    assert max(gaps) < 2000, "no stretch of the text is left out"


def test_composed_and_decomposed_texts_have_the_same_mentions(tuned: Path, sample_texts: list[str]) -> None:
    tagger = Tagger(
        run="tiny", seed=1, system="generative", folder="-", instructions={"disease": INSTRUCTION},
        template=TEMPLATE, decoding=DECODING,
    )  # fmt: skip
    system = GenerativeSystem(tagger, tuned)
    composed = [accented(text) for text in sample_texts]
    decomposed = [unicodedata.normalize("NFD", text) for text in composed]
    assert all(one != other for one, other in zip(composed, decomposed, strict=True))
    mentions = 0
    for one, other, text in zip(system.tag(composed), system.tag(decomposed), decomposed, strict=True):
        assert one.statuses == other.statuses
        assert [in_composed(text, mention) for mention in other.mentions] == one.mentions
        mentions += len(one.mentions)
    assert mentions > 0


@pytest.fixture(scope="module")
def sample_texts() -> list[str]:
    documents = read_documents([ROOT / "resources/sample/pubtator/test.PubTator"], "auto", ReadOptions())
    return [document.text[:120] for document in documents][:12]


def test_a_model_that_was_trained_on_tokens_reads_tokens(tuned: Path, tmp_path: Path) -> None:
    raw, tokens = (
        "Familial adenomatous polyposis (FAP), is inherited.",
        "Familial adenomatous polyposis ( FAP ) , is inherited .",
    )
    write_sentences(tmp_path / "raw.jsonl", [Sentence("s", "d", raw)])
    write_sentences(tmp_path / "tokens.jsonl", [Sentence("s", "d", tokens)])
    predict(tuned, tmp_path / "tokens.jsonl", PROMPT, DECODING, tmp_path / "a.jsonl")
    predict(tuned, tmp_path / "raw.jsonl", PROMPT, DECODING, tmp_path / "b.jsonl", tokenize=True)
    (one,), (other,) = read_predictions(tmp_path / "a.jsonl"), read_predictions(tmp_path / "b.jsonl")
    assert (one.raw, one.confidences, one.status) == (other.raw, other.confidences, other.status)
    wanted = ["".join(tokens[slice(*span)].split()) for span in one.spans]
    assert ["".join(raw[slice(*span)].split()) for span in other.spans] == wanted != []


def test_raw_text_is_tagged_as_its_tokens_are(tuned: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "study" / "models" / "tiny" / "seed1"
    shutil.copytree(tuned, folder)
    settings = Tagger(
        run="tiny", seed=1, system="generative", folder="models/tiny/seed1", instructions={"disease": INSTRUCTION},
        template=TEMPLATE, decoding=DECODING, tokenize=True,
    )  # fmt: skip
    (folder.parents[2] / "taggers.json").write_text(json.dumps([settings.model_dump()]), encoding="utf-8")
    raw, tokens = (
        "Ataxia-telangiectasia  (Sjo\u0308gren's),  found",
        "Ataxia - telangiectasia ( Sjo\u0308gren ' s ) , found",
    )
    plain = load(str(folder), as_trained=False)
    tagged, wanted = load(str(folder))(raw), plain(tokens)
    assert (
        [(each.confidence, "".join((each.text or "").split())) for each in tagged]
        == [(each.confidence, "".join((each.text or "").split())) for each in wanted]
        != []
    )
    assert [each.confidence for each in plain(raw)] != [each.confidence for each in tagged]


def test_training_reads_composed_letters() -> None:
    text = "Sjo\u0308gren syndrome and cafe\u0301-au-lait"
    sentence = Sentence("s", "d", text, spans=(Span(0, 17), Span(22, len(text))))
    row = instance({"disease": Drawn("c", sentence)}, Prompt())
    assert row.input == unicodedata.normalize("NFC", text)
    assert unmark(row.output) == (row.input, (Span(0, 16), Span(21, len(row.input))))
    plain = Sentence("s", "d", row.input, spans=(Span(0, 3),))
    same = instance({"disease": Drawn("c", plain)}, Prompt())
    assert (same.input, same.output) == (row.input, mark(row.input, [Span(0, 3)]))


def test_chat_models_read_composed_letters_and_mentions_come_back() -> None:
    text = "Sjo\u0308gren syndrome"
    assert messages("{instruction} {input}", "Mark", [], text)[0]["content"] == "Mark Sj\u00f6gren syndrome"
    body = {"choices": [{"message": {"content": "<mark>Sj\u00f6gren</mark> syndrome"}, "finish_reason": "stop"}]}
    response = Response(200, body)
    answered = prediction("s", text, response)
    assert (answered.spans, answered.status) == ((Span(0, 8),), "ok")
