"""One split of a corpus: from its raw files to its sentences and their counts."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from markner.data.documents import Document, Sentence, write_sentences
from markner.data.fetching.registry import raw_name, split_files, split_references
from markner.data.formats import bc2gm, iob, pubtator_corpus
from markner.data.released import released_marks
from markner.data.sampling import subset
from markner.data.sentences import Piece, Tally, split_documents
from markner.data.tokens import tokenized
from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.study.schema.corpora import Corpus, CorpusSource, Split, Variant


def build_split(
    corpus_name: str, corpus: Corpus, variant: Variant, split: Split, raw: Path, output: Path
) -> dict[str, Any]:
    """Read a split's raw files, divide them into sentences and write these, with their counts beside them.

    `raw` holds the files as `fetch_corpus` put them there. Sentences are named `<corpus>.<split>.00001`, on the text
    variant `<corpus>.text.<split>.00001`, in file order and before a sample is drawn, so that a sentence's name is the
    same in all studies. `<output stem>.counts.json` gets what is returned: `instances`, `mentions`, `marked`, `empty`,
    `duplicate_sentences` and, for the released marking, `released_*` count the sentences written; `read` and what a
    `Tally` holds count all of the split. `documents` is None on the tokenized variant, whose files know none.

    Raises:
        MarknerError: the split has no files or no annotation of the types asked for, or a file is damaged.
    """
    source = corpus.source(variant)
    if source is None:
        raise MarknerError(f"{corpus_name} has no files for the variant {variant}", f"add a section `{variant}:`")
    paths = [raw / raw_name(reference) for reference in split_references(split_files(source, split), raw)]
    tally = Tally()
    prefix = f"{corpus_name}.{split}" if variant == "tokenized" else f"{corpus_name}.{variant}.{split}"
    if source.format == "iob":
        drafts = _tagged(paths, source.types, _lacking(raw))
    else:
        whole = source.format == "bc2gm"
        pieces = split_documents(_documents(source, paths, source.types), tally, whole_passages=whole)
        if source.tokenize:
            pieces = map(tokenized, pieces)
        drafts = (_sentence(piece) for piece in pieces)
    sentences = [replace(draft, id=f"{prefix}.{number:05d}") for number, draft in enumerate(drafts, start=1)]
    _check_types(corpus_name, source, split, paths, sentences)
    limit = getattr(corpus.sample, split)
    kept = [sentences[index] for index in subset(len(sentences), limit=limit, seed=corpus.sample.seed)]
    counts = _counts(kept, tally, len(sentences), documents=variant != "tokenized")
    write_sentences(output, kept)
    write_json(counts_path(output), counts)
    return counts


def counts_path(output: Path) -> Path:
    """The file of counts that belongs to a file of sentences."""
    return output.with_name(f"{output.stem}.counts.json")


def _documents(source: CorpusSource, paths: list[Path], types: Collection[str] | None) -> Iterator[Document]:
    if source.format == "pubtator":
        for path in paths:
            yield from pubtator_corpus.read(path, types)
    elif source.format == "bioc":
        # Only here, as it loads an XML library.
        from markner.data.formats import bioc_corpus

        yield from bioc_corpus.read(paths, types)
    else:
        if len(paths) not in (2, 3):
            raise MarknerError(
                f"format bc2gm takes 2 or 3 files, found {len(paths)}: {', '.join(map(str, paths))}",
                "give `files: [SENTENCES.in, GENE.eval]`, and ALTGENE.eval as a third if there is one",
            )
        yield from bc2gm.read(paths[0], paths[1], types)


def _tagged(paths: list[Path], types: Collection[str] | None, lacking: dict[Path, set[int]]) -> Iterator[Sentence]:
    for path in paths:
        for number, tagged in enumerate(iob.read(path, types), start=1):
            spans = tuple(tagged.spans())
            released = None if number in lacking.get(path, ()) else released_marks(tagged.tokens, tagged.tags)
            yield Sentence("", path.name, tagged.text, spans, spans, released)


def _sentence(piece: Piece) -> Sentence:
    return Sentence("", piece.document, piece.text, piece.mentions, piece.spans)


def _lacking(raw: Path) -> dict[Path, set[int]]:
    """Sentences that the authors' release leaves out, by file, as the manifest of the raw files tells."""
    manifest = raw / "files.json"
    rows = read_json(manifest) if manifest.is_file() else []
    return {raw / row["name"]: set(row["released_lacks"]) for row in rows if "released_lacks" in row}


def _check_types(name: str, source: CorpusSource, split: Split, paths: list[Path], sentences: list[Sentence]) -> None:
    """A split without a mention is an error if it has annotations of other types: the types are misspelt."""
    if source.types is None or any(sentence.mentions for sentence in sentences):
        return
    if source.format == "iob":
        present = {kind for path in paths for kind in iob.kinds(path)}
    else:
        documents = _documents(source, paths, None)
        present = {mention.type for document in documents for part in document.passages for mention in part.mentions}
    if present:
        raise MarknerError(
            f"{name}, {split}: no annotation of the types {', '.join(source.types)}",
            f"the files have {', '.join(sorted(present))}: correct `types`",
        )


def _counts(kept: list[Sentence], tally: Tally, read: int, *, documents: bool) -> dict[str, Any]:
    released = [sentence.released for sentence in kept if sentence.released is not None]
    counts: dict[str, Any] = {
        "instances": len(kept),
        "mentions": sum(len(sentence.mentions) for sentence in kept),
        "marked": sum(len(sentence.spans) for sentence in kept),
        "empty": sum(not sentence.spans for sentence in kept),
        "duplicate_sentences": len(kept) - len(Counter(sentence.text for sentence in kept)),
        "read": read,
        "documents": tally.documents if documents else None,
        "repeated_documents": tally.repeated_documents if documents else None,
        "crossing": tally.crossing,
        "overlapping": tally.overlapping,
        "identical": tally.identical,
        "discontinuous": tally.discontinuous,
        "text_differs": tally.text_differs,
    }
    if released:
        counts["released_instances"] = len(released)
        counts["released_mentions"] = sum(text.count("</mark>") for text in released)
        counts["released_empty"] = sum("</mark>" not in text for text in released)
    return counts
