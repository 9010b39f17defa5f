"""Settings of self-instruct: from a few annotated sentences a model writes more (paper section 5; Wang et al. 2023)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from markner.study.schema.base import EntryOf, Name, PromptName, Seed, Settings, WeightsName


class Writing(Settings):
    """How further sentences are written: each candidate is one line that continues a numbered list of examples."""

    request: str = (
        "Different sentences from abstracts of biomedical articles. Every {entity} in them is put between <mark> and"
        " </mark>."
    )
    """What stands above the examples; `{entity}` is replaced by the corpus' entity type."""
    candidates: int = Field(1000, ge=1)
    """Candidates that are written; how many of them pass the filters is seen afterwards."""
    examples: int = Field(6, ge=1)
    """Seed sentences shown to the model, drawn anew for each candidate among those with a mention."""
    temperature: float = Field(0.8, gt=0, le=2)
    """Sampling temperature."""
    top_p: float = Field(0.95, gt=0, le=1)
    """Each token is drawn from the smallest set of tokens that has this probability."""
    max_tokens: int = Field(128, ge=8)
    """Longest candidate in tokens; one that reaches it is refused as unfinished."""
    batch_size: int = Field(16, ge=1)
    """Candidates written together; another size draws other candidates."""
    precision: Literal["bf16", "fp32"] = "bf16"
    """Precision of the weights while writing."""


class Filters(Settings):
    """What a candidate must be to become a training example. Words are runs of letters and digits, case ignored."""

    min_words: int = Field(6, ge=1)
    """Shortest sentence."""
    max_words: int = Field(80, ge=2)
    """Longest sentence."""
    max_mention_words: int = Field(8, ge=1)
    """Longest mention."""
    min_distinct: float = Field(0.5, ge=0, le=1)
    """Least part of the sentence's words that are different words; a looping model falls below it."""
    similarity: float = Field(0.7, gt=0, le=1)
    """ROUGE-L from which a sentence is a near copy of a seed sentence or of a candidate that was kept (Wang et al.)."""
    test_similarity: float = Field(0.6, gt=0, le=1)
    """ROUGE-L from which a sentence is a near copy of a test sentence, of any corpus of the study."""
    test_run: int = Field(8, ge=2)
    """So many words in a row in common with a test sentence are a copy, whatever the rest is."""

    @model_validator(mode="after")
    def _lengths_in_order(self) -> "Filters":
        if self.min_words > self.max_words:
            raise ValueError(f"`min_words` ({self.min_words}) is more than `max_words` ({self.max_words})")
        return self


class SelfInstruct(Settings):
    """An instruction set of a few annotated sentences and of sentences that a model wrote after them.

    Runs name it as a mixture.
    """

    corpus: Annotated[Name, EntryOf("corpora", splits=("train",))]
    """Corpus with few annotations; the seed sentences are drawn from its training split."""
    seed_sentences: int = Field(100, ge=1)
    """Annotated sentences that may be used; all of the split when it has fewer."""
    model: WeightsName
    """Pretrained model that writes; one that runs here, not one behind an API."""
    prompt: PromptName = "generic"
    """Prompt whose instruction is used in the instruction set."""
    writing: Writing = Writing()
    """How further sentences are written."""
    filters: Filters = Filters()
    """What becomes of them."""
    seed: Seed = 1
    """Seed of the draw of the seed sentences, of the examples shown and of the sampling."""

    @property
    def corpora(self) -> list[str]:
        """Corpora of the instruction set, as a mixture has them."""
        return [self.corpus]

    @property
    def split(self) -> list[str]:
        """Splits of its seed sentences, as a mixture has them."""
        return ["train"]
