"""Random texts: all planes of Unicode, combining and invisible signs, control characters, marks, special tokens.

A test draws a batch of them at a time. All tests together try as many texts as MARKNER_RANDOM_TEXTS says.
"""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BATCH = 40
COUNT = int(os.environ.get("MARKNER_RANDOM_TEXTS", "20000"))

SPECIAL = ["[SEP]", "[CLS]", "[MASK]", "[PAD]", "[UNK]", "##a", "<|end|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>"]
SPECIAL += ["<s>", "</s>", "<unk>", "<0x0A>", "<mark>", "</mark>", "&lt;mark&gt;", "\\<mark>", "@@", "[", "]", "{", "}"]
SPECIAL += ["e\u0301", "o\u0323\u0308", "👩\u200d🔬", "🇨🇭", "각", "\u00ad", "\u200b", "\u2060", "\ufeff", "\u202e"]
SPECIAL += ["\n", "\n\n", "\r\n", "\u2028", "\x85", "\x1c", "\x00", "|t|", "-DOCSTART-", "&amp;", "]]>", '"', "\\"]
WORDS = ["gout", "breast cancer", "IL-4", "α-actin", " ", "  ", ". ", "\t", "("]
UPPER_PLANES = st.text(st.characters(min_codepoint=0x10000, codec="utf-8"), max_size=4)
SIGNS = st.text(st.characters(categories=["Mn", "Mc", "Me", "Cf", "Cc", "Zs"]), max_size=4)
PIECES = st.one_of(
    st.text(max_size=12), UPPER_PLANES, SIGNS, st.sampled_from(SPECIAL), st.sampled_from(WORDS), st.sampled_from(WORDS)
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


def batches(of: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with lists of random values, `COUNT` of them in all."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        many = settings(max_examples=max(1, COUNT // BATCH), suppress_health_check=[HealthCheck.too_slow])
        return many(given(st.lists(of, min_size=BATCH, max_size=BATCH))(test))

    return decorate
