"""One split of a corpus: from its native files to its sentences and their counts."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from markner.data.author_marks import author_marks
from markner.data.documents import Document, Sentence, write_sentences
from markner.data.fetching.registry import named_as_in_study, native_name, split_references
from markner.data.formats import bc2gm, iob
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import check_types, read_documents
from markner.data.sampling import subset
from markner.data.sentences import SplitCounts, split_documents
from markner.data.tokens import tokenized
from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.study.schema.corpora import CorpusFiles, CorpusSource, Sample, Split, Variant
from markner.study.wording import counted

_NO_SENTENCE = (
    "name files that have sentences, or remove the split; tasks that nobody annotated (Label Studio) and lines that an "
    "annotator rejected (Prodigy) do not count"
)


def build_split(
    corpus_name: str, corpus: CorpusFiles, sample: Sample, variant: Variant, split: Split, native: Path, output: Path
) -> dict[str, Any]:
    """Read the native files of a split, write its sentences and, beside them, their counts; return the counts.

    `native` is the folder that `fetch_corpus` filled. Sentences are named `<corpus>.<split>.00001`, on variant `raw`
    `<corpus>.raw.<split>.00001`, in file order and before a sample is drawn, so that a sentence has one name in all
    studies. The counts are written to `<output stem>.counts.json`. `instances`, `mentions`, `marked`, `empty`,
    `duplicate_sentences` and, for the author release, `released_*` count the sentences written; `read` and the
    fields of `SplitCounts` count the whole split. `documents` is None on the tokenized variant, whose files have none.

    Raises:
        MarknerError: the split has no files, no sentence or no annotation of the types asked for, or a file is damaged.
    """
    source = corpus.source(variant)
    if source is None:
        raise MarknerError(f"{corpus_name} has no files for the variant {variant}", f"add a section `{variant}:`")
    paths = _native_paths(source, split, native)
    split_counts = SplitCounts()
    prefix = f"{corpus_name}.{split}" if variant == "tokenized" else f"{corpus_name}.{variant}.{split}"
    with named_as_in_study(split_references(source.split_files(split), native), native):
        if source.format == "iob":
            drafts = _tagged(paths, source.types, _lacking(native))
        else:
            drafts = split_documents(_documents(source, paths, source.types), split_counts)
            if source.tokenize:
                drafts = map(tokenized, drafts)
        sentences = [replace(draft, id=f"{prefix}.{number:05d}") for number, draft in enumerate(drafts, start=1)]
        if not sentences:
            more = f" and {counted(len(paths) - 1, 'other file')}" if len(paths) > 1 else ""
            raise MarknerError(f"{corpus_name}, {split}: no sentence in {paths[0]}{more}", _NO_SENTENCE)
        _check_types(corpus_name, source, split, paths, sentences)
    limit = getattr(sample, split)
    kept = [sentences[index] for index in subset(len(sentences), limit=limit, seed=sample.seed)]
    counts = _counts(kept, split_counts, len(sentences), documents=variant != "tokenized")
    write_sentences(output, kept)
    write_json(counts_path(output), counts)
    return counts


def native_documents(source: CorpusSource, split: Split, native: Path) -> Iterator[Document]:
    """Read the documents of a split from the folder that `fetch_corpus` filled."""
    return _documents(source, _native_paths(source, split, native), None)


def _native_paths(source: CorpusSource, split: Split, native: Path) -> list[Path]:
    return [native / native_name(reference) for reference in split_references(source.split_files(split), native)]


def counts_path(output: Path) -> Path:
    """Return the file of counts that belongs to a file of sentences."""
    return output.with_name(f"{output.stem}.counts.json")


def _documents(source: CorpusSource, paths: list[Path], types: Collection[str] | None) -> Iterator[Document]:
    if source.format != "bc2gm":
        return read_documents(paths, source.format, ReadOptions(types, source.offsets))
    if len(paths) not in (2, 3):
        raise MarknerError(
            f"format bc2gm takes 2 or 3 files, found {len(paths)}: {', '.join(map(str, paths))}",
            "give `files: [SENTENCES.in, GENE.eval]`, and ALTGENE.eval as a third if there is one",
        )
    return bc2gm.read(paths[0], paths[1], types)


def _tagged(paths: list[Path], types: Collection[str] | None, lacking: dict[Path, set[int]]) -> Iterator[Sentence]:
    for path in paths:
        for number, tagged in enumerate(iob.read(path, types), start=1):
            spans = tagged.spans()
            released = None if number in lacking.get(path, ()) else author_marks(tagged.tokens, tagged.tags)
            document = f"{path.name}#{tagged.document}" if tagged.document else path.name
            yield Sentence("", document, tagged.text, spans, spans, released)


def _lacking(native: Path) -> dict[Path, set[int]]:
    """Return by file which sentences the author release lacks, from the manifest of the native files."""
    manifest = native / "files.json"
    rows = read_json(manifest) if manifest.is_file() else []
    return {native / row["name"]: set(row["released_lacks"]) for row in rows if "released_lacks" in row}


def _check_types(name: str, source: CorpusSource, split: Split, paths: list[Path], sentences: list[Sentence]) -> None:
    """Raise a MarknerError if a split has no mention of the types, but annotations of others: a type is misspelt."""
    if source.types is None or any(sentence.mentions for sentence in sentences):
        return
    present = {mention.type for document in _documents(source, paths, None) for mention in document.mentions}
    check_types(f"{name}, {split}", source.types, present)


def _counts(kept: list[Sentence], split_counts: SplitCounts, read: int, *, documents: bool) -> dict[str, Any]:
    released = [sentence.released for sentence in kept if sentence.released is not None]
    counts: dict[str, Any] = {
        "instances": len(kept),
        "mentions": sum(len(sentence.mentions) for sentence in kept),
        "marked": sum(len(sentence.spans) for sentence in kept),
        "empty": sum(not sentence.spans for sentence in kept),
        "duplicate_sentences": len(kept) - len(Counter(sentence.text for sentence in kept)),
        "read": read,
        **vars(split_counts),
        "ignored": dict(sorted(split_counts.ignored.items())),
    }
    if not documents:
        counts["documents"] = counts["repeated_documents"] = None
    if released:
        counts["released_instances"] = len(released)
        counts["released_mentions"] = sum(text.count("</mark>") for text in released)
        counts["released_empty"] = sum("</mark>" not in text for text in released)
    return counts
