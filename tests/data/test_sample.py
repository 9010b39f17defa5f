"""The embedded sample corpus: reproducible, and the same in all four formats."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"
SPLITS = ("train", "dev", "test")
TYPES = ("Disease", "Chemical", "Gene")
Mentions = dict[str, list[str]]


def squeeze(text: str) -> str:
    return "".join(text.split())


def blocks(path: Path) -> list[list[str]]:
    return [block.split("\n") for block in path.read_text("utf-8").strip("\n").split("\n\n")]


def pubtator_mentions(split: str) -> Mentions:
    found: Mentions = defaultdict(list)
    for title, abstract, *rows in blocks(SAMPLE / "pubtator" / f"{split}.PubTator"):
        pmid, mark, title_text = title.split("|", 2)
        assert mark == "t"
        assert abstract.startswith(f"{pmid}|a|")
        text = title_text + " " + abstract.split("|", 2)[2]
        for row in rows:
            row_pmid, start, end, mention, kind, identifier = row.split("\t")
            assert (row_pmid, identifier) == (pmid, "-")
            assert text[int(start) : int(end)] == mention
            found[kind].append(mention)
    return found


def bioc_mentions(split: str) -> Mentions:
    found: Mentions = defaultdict(list)
    for passage in ET.parse(SAMPLE / "bioc" / f"{split}.xml").getroot().iter("passage"):
        text = passage.findtext("text")
        assert text
        assert passage.findtext("infon[@key='type']") in ("title", "abstract")
        base = int(passage.findtext("offset", ""))
        for annotation in passage.iter("annotation"):
            location = annotation.find("location")
            assert location is not None
            start = int(location.attrib["offset"]) - base
            mention = text[start : start + int(location.attrib["length"])]
            assert mention == annotation.findtext("text")
            found[annotation.findtext("infon[@key='type']", "")].append(mention)
    return found


def bc2gm_sentences(split: str) -> dict[str, str]:
    lines = (SAMPLE / "bc2gm" / split / f"{split}.in").read_text("utf-8").splitlines()
    pairs = [line.split(" ", 1) for line in lines]
    assert len({sid for sid, _ in pairs}) == len(pairs)
    return dict(pairs)


def bc2gm_mentions(split: str, name: str = "GENE.eval") -> dict[str, list[tuple[int, int, str]]]:
    sentences = bc2gm_sentences(split)
    found = defaultdict(list)
    for line in (SAMPLE / "bc2gm" / split / name).read_text("utf-8").splitlines():
        sid, offsets, mention = line.split("|", 2)
        first, last = map(int, offsets.split())
        assert squeeze(sentences[sid])[first : last + 1] == squeeze(mention)
        found[sid].append((first, last, mention))
    return found


def iob_sentences(split: str, kind: str) -> list[list[list[str]]]:
    return [[row.split("\t") for row in block] for block in blocks(SAMPLE / "iob" / kind.lower() / f"{split}.tsv")]


def iob_mentions(split: str, kind: str) -> list[str]:
    """The mentions without spaces, which two-column IOB does not keep."""
    found: list[str] = []
    for rows in iob_sentences(split, kind):
        previous = "O"
        for token, tag in rows:
            assert tag in ("O", f"B-{kind}", f"I-{kind}")
            if tag[0] == "B":
                found.append(token)
            elif tag[0] == "I":
                assert previous != "O"
                found[-1] += token
            previous = tag
    return found


def test_build_reproduces_the_committed_files(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SAMPLE / "build.py"), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    built = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    committed = {
        path.relative_to(SAMPLE): path.read_bytes()
        for folder in ("pubtator", "bioc", "bc2gm", "iob", "matches")
        for path in (SAMPLE / folder).rglob("*")
        if path.is_file()
    }
    assert len(built) == 25
    assert sorted(built) == sorted(committed)
    assert [path for path in built if built[path] != committed[path]] == []
    assert done.stdout.strip() in (SAMPLE / "README.md").read_text("utf-8")


@pytest.mark.parametrize("split", SPLITS)
def test_the_formats_agree_on_the_mentions(split: str) -> None:
    pubtator = pubtator_mentions(split)
    assert sorted(pubtator) == sorted(TYPES)
    assert bioc_mentions(split) == pubtator
    genes = [mention for rows in bc2gm_mentions(split).values() for _, _, mention in rows]
    assert genes == pubtator["Gene"]
    for kind in TYPES:
        assert iob_mentions(split, kind) == [squeeze(mention) for mention in pubtator[kind]]


@pytest.mark.parametrize("split", SPLITS)
def test_the_formats_agree_on_the_sentences(split: str) -> None:
    sentences = list(bc2gm_sentences(split).values())
    for kind in TYPES:
        joined = ["".join(token for token, _ in rows) for rows in iob_sentences(split, kind)]
        assert joined == [squeeze(sentence) for sentence in sentences]
    whole = " ".join(sentences)
    documents = blocks(SAMPLE / "pubtator" / f"{split}.PubTator")
    assert " ".join(line.split("|", 2)[2] for rows in documents for line in rows[:2]) == whole
    passages = ET.parse(SAMPLE / "bioc" / f"{split}.xml").getroot().iter("passage")
    assert " ".join(passage.findtext("text", "") for passage in passages) == whole


@pytest.mark.parametrize("split", SPLITS)
def test_gene_alternatives_overlap_a_gene_and_differ_from_all(split: str) -> None:
    genes = bc2gm_mentions(split)
    alternatives = bc2gm_mentions(split, "ALTGENE.eval")
    assert alternatives
    for sid, spans in alternatives.items():
        for first, last, _ in spans:
            assert any(first <= gene[1] and gene[0] <= last for gene in genes[sid])
            assert (first, last) not in [gene[:2] for gene in genes[sid]]


def test_size_and_no_repeated_sentence() -> None:
    sentences = [text for split in SPLITS for text in bc2gm_sentences(split).values()]
    assert len(sentences) >= 480
    assert len(bc2gm_sentences("test")) >= 85
    assert [text for text, n in Counter(sentences).items() if n > 1] == []


def test_part_of_the_test_vocabulary_is_unseen_in_training() -> None:
    train, test = ({(k, m.lower()) for k, v in pubtator_mentions(s).items() for m in v} for s in ("train", "test"))
    assert 0.25 <= len(test - train) / len(test) <= 0.45


def test_the_rule_based_sentencizer_finds_the_sentences() -> None:
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    for split in SPLITS:
        wanted = list(bc2gm_sentences(split).values())
        texts = [
            line.split("|", 2)[2] for rows in blocks(SAMPLE / "pubtator" / f"{split}.PubTator") for line in rows[:2]
        ]
        found = [sentence.text for text in texts for sentence in nlp(text).sents]
        assert len(set(wanted) & set(found)) / len(wanted) > 0.97
