"""A random BERT of a few kilobytes and sentences that it can learn."""

import random
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizer, PreTrainedTokenizerBase

from markner.data.documents import Sentence, Span, write_sentences

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "was", "mild", "in", "patients", "col", "##itis", "gast")
VOCABULARY = {piece: number for number, piece in enumerate((*PIECES, "##ritis", ".", "severe"))}


def tiny_tokenizer() -> PreTrainedTokenizerBase:
    return BertTokenizer(vocab=VOCABULARY)


def tiny_encoder(folder: Path, positions: int = 32) -> Path:
    """Write a pretrained model of random weights."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
    )
    BertModel(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def sentence(number: int) -> Sentence:
    """A sentence in which every `colitis` and `gastritis`, with `severe` before it if it is there, is a mention."""
    draw = random.Random(number)
    text = ""
    spans: list[Span] = []
    for word in draw.choices(["the", "was", "mild", "in patients", "colitis", "severe gastritis", "."], k=12):
        text += " " if text else ""
        if word.endswith("itis"):
            spans.append(Span(len(text), len(text) + len(word)))
        text += word
    return Sentence(f"{number}", "d", text, tuple(spans), tuple(spans))


def tiny_data(folder: Path, train: int, dev: int) -> Path:
    """Write `weights`, and as many sentences to `train.jsonl` and, others, to `dev.jsonl`."""
    tiny_encoder(folder / "weights")
    write_sentences(folder / "train.jsonl", [sentence(number) for number in range(train)])
    write_sentences(folder / "dev.jsonl", [sentence(number) for number in range(1000, 1000 + dev)])
    return folder
