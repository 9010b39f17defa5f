"""Settings of chat models: servers, prices, and the runs that ask them (paper 3.2)."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, field_validator, model_validator

from markner.study.schema.base import (
    CorpusName,
    EntryOf,
    Name,
    PromptName,
    ScoredCorpora,
    Seeds,
    Settings,
    WeightsName,
)

OPENAI = "https://api.openai.com/v1"
"""OpenAI's own address."""

FIXED_FIELDS = frozenset({"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "n", "stream"})
"""Fields of a request that have a setting of their own or a fixed value."""

SPENDING_VARIABLE = "MARKNER_SPENDING"
"""Environment variable with the `Spending` of each chat run. No answer depends on it; a change runs no job again."""


class AccessSettings(Settings):
    """The key and the prices of a chat model. They change no answer."""

    key_env: str = Field("OPENAI_API_KEY", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    """Environment variable of the key; empty for a server that needs none. The key is read from there alone and
    written nowhere."""
    price_input: float | None = Field(None, ge=0)
    """Dollars for a million tokens of prompt."""
    price_output: float | None = Field(None, ge=0)
    """Dollars for a million tokens of answer."""
    batch_discount: float = Field(0.5, ge=0, lt=1)
    """Discount of the Batch API, as a fraction of the price."""


class PacingSettings(Settings):
    """The speed, patience and budget of a chat run. They change no answer."""

    concurrency: int = Field(8, ge=1, le=1000)
    """Requests under way at a time."""
    retries: int = Field(6, ge=0, le=100)
    """How often a request is repeated after a fault, as the server's retry-after says or at growing intervals."""
    timeout: float = Field(120.0, gt=0)
    """Seconds without a whole answer after which a request counts as failed."""
    budget_requests: int | None = Field(None, ge=1)
    """Most requests of this run over its whole life, repeated ones included, all seeds and corpora together."""
    budget_dollars: float | None = Field(None, gt=0)
    """Most dollars of this run over its whole life, all seeds and corpora together; needs the model's prices."""
    batch_api: bool = False
    """Ask through the Batch API: cheaper, within 24 hours."""


class Spending(Settings):
    """The settings of a chat run that reach its jobs by the environment."""

    account: str
    """Name under which the run's spending is kept."""
    answers: str
    """Folder of the response cache."""
    model: AccessSettings
    run: PacingSettings


class ApiModel(AccessSettings):
    """A chat model behind an OpenAI-compatible server."""

    source: Literal["api"]
    """A model that is asked over the network."""
    provider: str = Field("openai", min_length=1)
    """Provider of the model; part of the key under which answers are kept."""
    base_url: str = OPENAI
    """Address of the server with the version (`https://host/v1`). Not used with `weights`."""
    model: str = Field(min_length=1)
    """The server's own name of the model; a dated snapshot makes the study exact."""
    limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """Field of the request that limits the answer; older and many local servers know `max_tokens` only."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """Further fields of each request, for instance `reasoning_effort` or `seed`."""
    retired: str | None = None
    """Since when and why the model is gone. It is then never asked, and tables show the paper's own scores as such."""
    weights: WeightsName | None = None
    """Pretrained model of this study that the job serves on loopback instead of asking `base_url`."""

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address such as https://host/v1")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError("must hold no user, password, query or fragment; a key belongs in the environment")
        return value.rstrip("/")

    @field_validator("parameters")
    @classmethod
    def _further_fields(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if taken := sorted(FIXED_FIELDS & value.keys()):
            raise ValueError(f"{', '.join(taken)} cannot be set here; they have settings of their own or are fixed")
        return value

    @model_validator(mode="after")
    def _address_fits(self) -> "ApiModel":
        if self.weights is None and self.key_env and self.base_url != OPENAI:
            if "key_env" not in self.model_fields_set:
                raise ValueError("`base_url` is not OpenAI's: name the variable of its key in `key_env` ('' for none)")
            if urlsplit(self.base_url).scheme != "https" and not _is_loopback(urlsplit(self.base_url).hostname or ""):
                raise ValueError("`base_url` would carry the key in clear: use https, or `key_env: ''`")
        if self.weights is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.model):
            raise ValueError("a model of `weights` is served under `model`: letters, digits, `_`, `.`, `-`")
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class ChatRun(PacingSettings):
    """A chat model that is not tuned, with or without few-shot examples (paper 3.2)."""

    system: Literal["chat"]
    """A chat model behind an API."""
    model: Annotated[Name, EntryOf("models")]
    """Model, of source `api`."""
    prompt: PromptName = "generic"
    """Prompt; the paper uses the same for chat models and tuned ones."""
    temperature: float | None = Field(0.0, ge=0, le=2)
    """Sampling temperature; null leaves the field out, for models that refuse it."""
    max_new_tokens_margin: int = Field(64, ge=1)
    """An answer may have this many tokens and one more for each character of the sentence; one that reaches the limit
    counts as truncated. Models that reason need thousands."""
    shots: int = Field(0, ge=0, le=100)
    """Training examples shown before the sentence; the paper has 0 and 5."""
    shot_selection: Literal["random", "similar"] = "random"
    """`random`: the same examples for all sentences, drawn by the seed (the paper's way). `similar`: for each sentence
    the nearest training sentences by embedding (Margatina et al. 2023)."""
    shot_corpus: CorpusName | None = None
    """Corpus whose training split gives the examples; without one, the corpus that is evaluated."""
    embedding: WeightsName | None = None
    """Pretrained model whose embeddings give the similarity; for `similar`."""
    seeds: Seeds = Field(default=[1], min_length=1)
    """One draw of examples for each seed."""
    evaluate: ScoredCorpora = Field(min_length=1)
    """Corpora on whose test split it is scored."""

    @model_validator(mode="after")
    def _settings_agree(self) -> "ChatRun":
        if self.shot_selection == "similar" and self.shots and self.embedding is None:
            raise ValueError("`shot_selection: similar` needs `embedding`, the model that gives the similarity")
        if len(self.seeds) > 1 and (self.shots == 0 or self.shot_selection == "similar"):
            raise ValueError("nothing is drawn at random, so all seeds are the same: give one seed")
        return self
