"""The settings that all requests of a chat job share."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from markner.errors import MarknerError
from markner.models.chat.cost import price
from markner.models.chat.params import ChatParams
from markner.study.schema.chat_runs import SPENDING_VARIABLE, PacingSettings, Spending

CACHE_FILE = "answers.db"
"""The response cache in the folder that keeps the answers."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on loopback that a job started for itself.

    `base_url` changes with each start and is part of no key. `weights` replaces it there: a text that changes with the
    weights, such as their SHA-256.
    """

    base_url: str
    weights: str


@dataclass(frozen=True, slots=True)
class ChatContext:
    """The settings of a chat job: its requests, its account and its server.

    Args:
        params: All that is part of a request.
        spending: Key variable, prices, patience and budget. They change no answer.
        server: The server on loopback of a model with `weights`, else None.
    """

    params: ChatParams
    spending: Spending
    server: LocalServer | None = None

    @classmethod
    def of_job(cls, params: ChatParams, run: str, server: LocalServer | None = None) -> Self:
        """Build the settings of a run's job; the spending comes from the environment."""
        spending = Spending.model_validate(json.loads(os.environ[SPENDING_VARIABLE])[run])
        return cls(params, spending, server)

    def __post_init__(self) -> None:
        """Check that a model with `weights` has a server on loopback, and no other model has one."""
        if (self.params.model.weights is None) != (self.server is None):
            raise MarknerError(
                f"run {self.run}: a server on loopback is given if, and only if, the model has `weights`",
                "start the server with `markner.models.chat.server.served`",
            )

    @property
    def run(self) -> str:
        """Name under which the spending of the run is kept."""
        return self.spending.account

    @property
    def pacing(self) -> PacingSettings:
        """Concurrency, retries, timeout and budget."""
        return self.spending.run

    @property
    def provider(self) -> str:
        """Provider of the model."""
        return self.params.model.provider

    @property
    def model(self) -> str:
        """The server's name of the model."""
        return self.params.model.model

    @property
    def base_url(self) -> str:
        """Address of the server."""
        return self.server.base_url if self.server else str(self.params.model.base_url)

    @property
    def server_name(self) -> str:
        """The server as it enters the key of an answer."""
        return f"loopback {self.server.weights}" if self.server else self.base_url

    @property
    def key_env(self) -> str:
        """Environment variable of the key, empty if the server needs none."""
        return "" if self.server else self.spending.model.key_env

    @property
    def cache(self) -> Path:
        """File of the response cache."""
        return Path(self.spending.answers, CACHE_FILE)

    def price(self, prompt_tokens: int, completion_tokens: int, batch: bool | None = None) -> float | None:
        """Return the dollars for tokens, None if the prices are unknown. A server on loopback costs nothing.

        Args:
            prompt_tokens: Tokens of the prompt.
            completion_tokens: Tokens of the answer.
            batch: Whether the Batch API answers, None for what the run says.
        """
        by_batch = self.pacing.batch_api if batch is None else batch
        return 0.0 if self.server else price(self.spending.model, prompt_tokens, completion_tokens, by_batch)
