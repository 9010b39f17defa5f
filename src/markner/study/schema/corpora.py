"""Settings of corpora: where the files are, how they are read, split into sentences and marked."""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from markner.errors import NotInStudyError
from markner.markup import MARKS
from markner.study.schema.base import Context, CorpusName, Distinct, PromptName, Seed, Settings, WithMarks
from markner.study.schema.formats import WITHOUT_UNIT, CorpusFormat

Variant = Literal["tokenized", "raw"]
Split = Literal["train", "dev", "test"]
AnnotationScheme = Literal["span", "released"]
OffsetUnit = Literal["characters", "utf8", "utf16"]


def _listed(value: Any) -> Any:
    """Return a single split as a list."""
    return [value] if isinstance(value, str) and value in get_args(Split) else value


def _as_written(splits: list[Split]) -> Split | list[Split]:
    """Return a list of one split as its only entry, so that params say what the config usually says."""
    return splits[0] if len(splits) == 1 else splits


Splits = Annotated[
    list[Split],
    BeforeValidator(_listed, json_schema_input_type=Split | list[Split]),
    PlainSerializer(_as_written),
    Distinct(),
]
"""One split, or a list of splits."""


_HUB_FILE = re.compile(r"hf://datasets/[^/@]+(/[^/@]+)?@[^/]+/.+")
_HUB_COMMIT = re.compile(r"^hf:.*@[0-9a-f]{40}/")


class CorpusFile(Settings):
    """One file of a corpus that the registry does not know."""

    path: str | None = None
    """A local file, relative to the working directory. Give either `path` or `url`."""
    url: str | None = None
    """An address to download from; needs `sha256`. A file of a data set on the Hugging Face hub is
    `hf://datasets/OWNER/NAME@REVISION/FILE`; with a commit as revision it needs no `sha256`."""
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", examples=["0123456789abcdef" * 4])
    """SHA-256 of the file's bytes; checked for `url`, and for `path` when given."""

    @model_validator(mode="after")
    def _one_place(self) -> "CorpusFile":
        if (self.path is None) == (self.url is None):
            raise ValueError("give exactly one of `path` and `url`")
        if self.url is not None and self.url.startswith("hf:") and not _HUB_FILE.match(self.url):
            raise ValueError("write hf://datasets/OWNER/NAME@REVISION/FILE")
        if self.url is not None and self.sha256 is None and not _HUB_COMMIT.search(self.url):
            raise ValueError("a `url` needs the file's `sha256`")
        return self


FileRef = str | CorpusFile
"""A name in the registry (resources/corpora/registry.json), a local path, or a `CorpusFile`."""


class SplitFiles(Settings):
    """The files of one split when a split is more than one file."""

    files: list[FileRef] = Field(default_factory=list, examples=[["data/train.in", "data/GENE.eval"]])
    """Files read one after another. For `bc2gm`: the sentence file, GENE.eval and, if there is one, ALTGENE.eval."""
    ids: FileRef | None = None
    """A list of document identifiers, one a line; each is put in place of `{id}` in `pattern`."""
    pattern: str | None = None
    """File name with `{id}`, for corpora that keep one file per document."""

    @model_validator(mode="after")
    def _complete(self) -> "SplitFiles":
        if (self.ids is None) != (self.pattern is None):
            raise ValueError("`ids` and `pattern` belong together")
        if bool(self.files) == (self.ids is not None):
            raise ValueError("give either `files`, or `ids` with `pattern`")
        if self.pattern is not None and "{id}" not in self.pattern:
            raise ValueError("`pattern` must contain {id}")
        if len(set(self.files)) < len(self.files):
            raise ValueError("`files` names a file twice")
        return self


_PAIR = " and ".join(MARKS)
"""The marks as an instruction names them."""


def _files(split: str) -> Any:
    return Field(None, examples=[f"data/{split}.txt", {"files": ["data/train.in", "data/GENE.eval"]}])


class CorpusSource(Settings):
    """The files of one variant of a corpus."""

    format: CorpusFormat
    """Format of the files: PubTator, BioC XML or JSON, JSON lines with spans (MarkNER, Prodigy, doccano), exports of
    Label Studio, spaCy's DocBin, Parquet or Arrow files of Hugging Face data sets, brat standoff (a folder for each
    split), BioCreative II GM native, or columns with IOB tags."""
    types: list[str] | None = None
    """Annotation types that count as the corpus' entity; all types when left out."""
    offsets: OffsetUnit = "characters"
    """Unit that the offsets of the files count in: Unicode characters, UTF-8 bytes, or UTF-16 units
    (JavaScript). A unit that does not fit the annotated texts is an error."""
    tokenize: bool = False
    """Divide the sentences into tokens as the IOB files of the paper's training corpora are, joined by one space:
    letters and digits that stand together are a token, and each other sign is one. Not for IOB files, which are."""
    train: FileRef | SplitFiles | None = _files("train")
    """Training split."""
    dev: FileRef | SplitFiles | None = _files("dev")
    """Development split."""
    test: FileRef | SplitFiles | None = _files("test")
    """Test split."""

    @model_validator(mode="after")
    def _some_split(self) -> "CorpusSource":
        if self.train is None and self.dev is None and self.test is None:
            raise ValueError("name the file of at least one of `train`, `dev`, `test`")
        if self.tokenize and self.format == "iob":
            raise ValueError("`tokenize` is for native text; an IOB file has its tokens")
        if self.offsets != "characters" and self.format in WITHOUT_UNIT:
            raise ValueError(f"`offsets` has no meaning for the format {self.format}; remove it")
        return self

    def split_files(self, split: Split) -> SplitFiles:
        """Return the files of a split, a single file as a list of one.

        Raises:
            NotInStudyError: the split has no files.
        """
        files: FileRef | SplitFiles | None = getattr(self, split)
        if files is None:
            raise NotInStudyError(f"the corpus has no {split} split", f"name its files under `{split}:`")
        return files if isinstance(files, SplitFiles) else SplitFiles(files=[files])

    def splits(self) -> list[Split]:
        """Return the names of the splits that have files, in the order train, dev, test."""
        present: list[tuple[Split, object]] = [("train", self.train), ("dev", self.dev), ("test", self.test)]
        return [name for name, files in present if files is not None]


class Sample(Settings):
    """A random part of each split, drawn by seed before anything else happens."""

    train: int | None = Field(None, ge=1)
    """Sentences to keep of the training split; all when left out."""
    dev: int | None = Field(None, ge=1)
    """Sentences to keep of the development split; all when left out."""
    test: int | None = Field(None, ge=1)
    """Sentences to keep of the test split; all when left out."""
    seed: Seed = 1
    """Seed of the draw."""


class PaperCounts(Settings):
    """What the paper reports of one split (section 4)."""

    instances: int
    """Sentences."""
    mentions: int
    """Annotated mentions."""
    empty: int | None = None
    """Sentences without a mention."""
    note: str = ""
    """Why our count differs from the paper's."""


def _source(form: str, ending: str) -> dict[str, str]:
    return {"format": form, **{split: f"data/{split}.{ending}" for split in get_args(Split)}}


class CorpusFiles(Settings):
    """The files of a corpus, and the paper's counts of them."""

    variant: Variant
    """`tokenized`: tokens of an IOB file joined by spaces, as the paper's authors fed them. `raw`: native text split by
    spaCy's sentencizer, as the paper describes it."""
    tokenized: CorpusSource | None = Field(None, examples=[_source("iob", "tsv")])
    """Files of the `tokenized` variant."""
    raw: CorpusSource | None = Field(None, examples=[_source("pubtator", "txt")])
    """Files of the `raw` variant."""
    paper: dict[Split, PaperCounts] = Field(default_factory=dict)
    """The paper's counts by split, shown in the dataset card beside ours."""

    @model_validator(mode="after")
    def _variant_has_files(self) -> "CorpusFiles":
        if self.source(self.variant) is None:
            raise ValueError(f"`variant: {self.variant}` needs a section `{self.variant}:` that names the files")
        if self.tokenized is not None and self.tokenized.format != "iob":
            raise ValueError("the `tokenized` section needs `format: iob`")
        return self

    def source(self, variant: Variant) -> CorpusSource | None:
        """Return the files of a variant, None if the corpus has none for it."""
        return self.tokenized if variant == "tokenized" else self.raw

    def variants(self) -> list[Variant]:
        """Return the variants that have files."""
        variants: list[Variant] = ["tokenized", "raw"]
        return [variant for variant in variants if self.source(variant) is not None]


class Corpus(CorpusFiles):
    """One corpus with one entity type."""

    entity: str = Field(min_length=1, examples=["disease"])
    """The entity type as the prompt names it: disease, chemical, gene."""
    title: str = ""
    """Heading in tables and figures; when empty the paper's for its corpora, and the name for others."""
    licence: str = ""
    """Licence of the corpus, for the cards of data sets and models made from it. Of files that the registry knows
    (resources/corpora/registry.json) it is known, and this may stay empty."""
    sample: Sample = Sample()
    """Work on a random part of the splits; for small studies."""


class Mixture(Settings):
    """An instruction set made from one or more corpora."""

    corpora: Annotated[list[CorpusName], Distinct()] = Field(min_length=1)
    """Corpora whose sentences are used, in this order."""
    split: Splits = Field(default=["train"], min_length=1)
    """Split the sentences are taken from, `train`; or a list of splits, one after the other: `[train, dev]`."""
    prompt: PromptName = "generic"
    """Prompt whose instruction is used."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Part of each corpus that is drawn at random; smaller fractions of one seed are contained in larger ones."""
    limit: int | None = Field(None, ge=1)
    """At most this many sentences of each corpus, drawn as `fraction` is."""
    with_mentions: float | None = Field(None, ge=0, le=1, exclude_if=lambda share: share is None)
    """Part of the sentences of each corpus that are drawn from those with a mention; the others have none. If a kind
    runs out, the other makes up the number. By default the kind is left to chance."""
    seed: Seed = 1
    """Seed of the draw."""
    annotation_scheme: AnnotationScheme = "span"
    """`span`: marks set by offset. `released`: the paper authors' own replacement rule, defects included (variant
    `tokenized` only)."""


_TEMPLATE = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)


class Prompt(WithMarks):
    """How a sentence becomes a prompt (paper Fig. 2 and section 3.5)."""

    instruction: str = (
        "Given a sentence extract {entity} entities from it by highlighting them with <mark> and </mark>."
        " If not present output the same sentence."
    )
    """The task; `{entity}` is replaced by the corpus' entity type, and `<mark>` and `</mark>` by the marks. With
    `marks_by_type`, `{entity}` is replaced by all types that are asked for, and `<mark> and </mark>` by their marks."""
    enhancements: dict[str, str] = Field(default_factory=dict)
    """By entity type: a sentence appended to the instruction."""
    context: Context = "none"
    """What the prompt shows beside the sentence, in training, prediction and annotation: `neighbors`, the sentences
    before and after it in its document; `title`, the first sentence of its document; or nothing."""
    template: str = _TEMPLATE
    """Text around instruction and input (Stanford Alpaca's), with `context` also `{context}`: by default a section of
    its own before the input. The answer follows directly."""

    def asked(self, entity: str) -> list[str]:
        """Return the entity types that are asked for where one is wanted: with typed marks, all."""
        return [*self.marks_by_type] or [entity]

    def instruction_text(self, *entities: str) -> str:
        """Return the instruction for entity types, with their enhancements if there are any (paper 3.5).

        More than one type needs typed marks.
        """
        names = " and ".join(part for part in (", ".join(entities[:-1]), entities[-1]) if part)
        enhancements = [text for entity in entities if (text := self.enhancements.get(entity))]
        text = " ".join([self.instruction.replace("{entity}", names), *enhancements])
        if self.marks_by_type:
            return text.replace(_PAIR, ", ".join(" and ".join(self.marks_by_type[entity]) for entity in entities))
        for usual, own in zip(MARKS, self.marks, strict=True):
            text = text.replace(usual, own)
        return text

    @model_validator(mode="after")
    def _places(self) -> "Prompt":
        if self.marks_by_type and _PAIR not in self.instruction:
            raise ValueError(f"with `marks_by_type`, `instruction` must contain `{_PAIR}`")
        if "{entity}" not in self.instruction:
            raise ValueError("`instruction` must contain {entity}")
        if "{instruction}" not in self.template or "{input}" not in self.template:
            raise ValueError("`template` must contain {instruction} and {input}")
        if ("{context}" in self.template) != (self.context != "none"):
            raise ValueError(
                "`template` must contain {context} if `context` is set"
                if self.context != "none"
                else "`template` contains {context}; say which with `context: neighbors` or `context: title`"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _template_with_context(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("context", "none") != "none":
            return {"template": _TEMPLATE.replace("### Input:", "### Context:\n{context}\n\n### Input:"), **values}
        return values
