"""Caps on what a run may spend over its whole life, in HTTP requests and dollars."""

from markner.errors import MarknerError
from markner.models.chat.cache import Cache
from markner.models.chat.cost import Estimate, answer_limit_tokens, price, prompt_tokens
from markner.models.chat.requests import Question
from markner.study.schema.chat_runs import ApiModel, ChatOptions


class Budget:
    """What is spent, what requests under way may still take, and the caps on both.

    Requests are counted when they are sent, repeated ones included. Before a question is sent its dearest answer, one
    that reaches the limit, is set aside; so the dollars stay below the cap as far as the prompts' tokens are estimated
    right. The account is in the cache: kills, jobs and seeds of a run share it.
    """

    def __init__(self, cache: Cache, name: str, model: ApiModel, run: ChatOptions) -> None:
        self._cache = cache
        self._name = name
        self._model = model
        self._run = run
        self._reserved = 0.0
        self._attempts = 0
        if run.budget_dollars is not None and price(model, 0, 0, run.batch_api) is None:
            raise MarknerError(
                f"run {name}: `budget_dollars` is set, but the prices of model {model.model} are not known",
                "give the model `price_input` and `price_output`",
            )

    def admit(self, estimate: Estimate) -> None:
        """Raise a MarknerError if what is left cannot pay for the dry count."""
        spent = self._cache.spent(self._name)
        run = self._run
        if run.budget_requests is not None and spent.requests + estimate.requests > run.budget_requests:
            raise self._exceeded(f"{estimate.requests} more requests would exceed `budget_requests`")
        if run.budget_dollars is not None and spent.dollars + (estimate.dollars or 0.0) > run.budget_dollars:
            raise self._exceeded(f"about {estimate.dollars:.4f} more dollars would exceed `budget_dollars`")

    def reserve(self, question: Question) -> float:
        """Set the dearest answer of a question aside; returns the dollars to give to `release`."""
        dearest = price(
            self._model,
            prompt_tokens(question),
            answer_limit_tokens(question),
            self._run.batch_api,
        )
        dollars = dearest or 0.0
        cap = self._run.budget_dollars
        if cap is not None and self._cache.spent(self._name).dollars + self._reserved + dollars > cap:
            raise self._exceeded("the next request could exceed `budget_dollars`")
        self._reserved += dollars
        return dollars

    def release(self, dollars: float) -> None:
        """The answer is there, or will not come; what it really cost is in the cache by now."""
        self._reserved -= dollars

    def attempt(self) -> None:
        """One HTTP request is about to be sent."""
        cap = self._run.budget_requests
        if cap is not None and self._cache.spent(self._name).requests + self._attempts >= cap:
            raise self._exceeded("the next request would exceed `budget_requests`")
        self._attempts += 1

    def take_attempts(self) -> int:
        """Requests sent since the last call, to be written into the account."""
        attempts, self._attempts = self._attempts, 0
        return attempts

    def spent(self) -> str:
        """What the run has spent so far, in words."""
        spent = self._cache.spent(self._name)
        return f"{spent.requests + self._attempts} requests and {spent.dollars:.4f} dollars spent"

    def _exceeded(self, what: str) -> MarknerError:
        caps = [
            f"{value} {unit}"
            for value, unit in ((self._run.budget_requests, "requests"), (self._run.budget_dollars, "dollars"))
            if value is not None
        ]
        return MarknerError(
            f"run {self._name}: {what}; budget {' and '.join(caps)}, {self.spent()}",
            "raise the budget and run again: all that was answered is kept and not asked again",
        )
