"""The settings that all requests of a chat job share."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from markner.errors import MarknerError
from markner.models.chat.cost import price
from markner.models.chat.params import ChatParams
from markner.study.schema.chat_runs import OPENAI, SPENDING_VARIABLE, AccessSettings, ApiModel, PacingSettings, Spending

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
    """The settings of a chat job: its requests, its account and its server. Only `params` can change an answer."""

    params: ChatParams
    """All that is part of a request."""
    run: str
    """Name under which the spending of the run is kept."""
    access: AccessSettings
    """Key variable and prices."""
    pacing: PacingSettings
    """Concurrency, retries, timeout and budget."""
    base_url: str
    """Address of the server."""
    server_name: str
    """The server as it enters the key of an answer."""
    cache: Path
    """File of the response cache."""

    @classmethod
    def of_job(cls, params: ChatParams, run: str, server: LocalServer | None = None) -> Self:
        """Build the settings of a run's job; the spending comes from the environment."""
        return cls.of_spending(params, Spending.model_validate(json.loads(os.environ[SPENDING_VARIABLE])[run]), server)

    @classmethod
    def of_spending(cls, params: ChatParams, spending: Spending, server: LocalServer | None = None) -> Self:
        """Build the settings of a job. Its server, if the model has `weights`, needs no key and costs nothing.

        Raises:
            MarknerError: A model with `weights` has no server on loopback, or another model has one.
        """
        if (params.model.weights is None) != (server is None):
            raise MarknerError(
                f"run {spending.account}: a server on loopback is given if, and only if, the model has `weights`",
                "start the server with `markner.models.chat.server.served`",
            )
        access, base_url = spending.model, str(params.model.base_url)
        server_name = base_url
        if server is not None:
            access = AccessSettings(key_env="", price_input=0, price_output=0)
            base_url, server_name = server.base_url, f"loopback {server.weights}"
        cache = Path(spending.answers, CACHE_FILE)
        return cls(params, spending.account, access, spending.run, base_url, server_name, cache)

    @property
    def provider(self) -> str:
        """Provider of the model."""
        return self.params.model.provider

    @property
    def label(self) -> str:
        """Who answers, for messages: the provider, or the address of a server without one that is not OpenAI's."""
        unnamed = self.provider == ApiModel.model_fields["provider"].default and self.base_url != OPENAI
        return self.base_url if unnamed else self.provider

    @property
    def model(self) -> str:
        """The server's name of the model."""
        return self.params.model.model

    def price(self, prompt_tokens: int, completion_tokens: int, batch: bool | None = None) -> float | None:
        """Return the dollars for tokens, None if the prices are unknown.

        Without `batch`, the run says whether the Batch API answers.
        """
        by_batch = self.pacing.batch_api if batch is None else batch
        return price(self.access, prompt_tokens, completion_tokens, by_batch)
