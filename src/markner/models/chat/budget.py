"""The dry count of requests, and caps on the HTTP requests and dollars of a run over its whole life."""

from collections.abc import Iterable
from dataclasses import dataclass

from markner.errors import MarknerError
from markner.models.chat.cache import NOTHING, Cache, OpenBatch, Spent
from markner.models.chat.context import ChatContext
from markner.models.chat.cost import MARK_TOKENS, four_characters
from markner.models.chat.requests import Request
from markner.study.wording import counted


@dataclass(frozen=True, slots=True)
class Estimate:
    """The number of requests that have an answer and that still need one, with the estimated cost of the latter.

    `dollars` is None if the model's prices are unknown.
    """

    cached: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    dollars: float | None

    def __str__(self) -> str:
        cost = "at an unknown price" if self.dollars is None else f"about {self.dollars:.2f} dollars"
        return (
            f"{counted(self.requests, 'request')} to make, {self.cached} answered already;"
            f" about {self.prompt_tokens} tokens of prompt and {self.completion_tokens} of answer, {cost}"
        )


def estimate(context: ChatContext, pending: Iterable[Request], cached: int, texts: dict[str, str]) -> Estimate:
    """Return the dry count of requests without an answer, beside the number of those that have one.

    An answer is expected to repeat its sentence, in `texts` by identifier, with one mention marked.
    """
    requests = prompt = completion = 0
    for request in pending:
        requests += 1
        prompt += request.prompt_tokens
        completion += four_characters(texts[request.sentence]) + MARK_TOKENS
    return Estimate(cached, requests, prompt, completion, context.price(prompt, completion))


class Budget:
    """The spending of a run, the dollars reserved for requests under way, and the caps on both.

    HTTP requests count when they are sent, repeated ones included. Before a request is sent, the price of its longest
    answer is reserved; for the requests in open batches of the run, of any job, it is from the beginning. So the
    dollars stay below the cap if the prompt's tokens are estimated right. The account lies in the cache: all jobs and
    seeds of a run share it. It is read whenever answers are stored, since a reader may have to wait for a writer.
    """

    def __init__(self, context: ChatContext, cache: Cache, batches: Iterable[OpenBatch]) -> None:
        """Read the account. `batches` are those under way at the server, of all runs."""
        self._context = context
        self._caps = context.pacing
        waiting = [batch.requests for batch in batches if batch.run == context.run]
        self._reserved = sum(
            self._longest(Request("", body, key), batch=True) for requests in waiting for key, body in requests.items()
        )
        self._uncharged = NOTHING
        self._account = cache.spent(context.run)
        if self._caps.budget_dollars is not None and context.price(0, 0) is None:
            raise MarknerError(
                f"run {context.run}: `budget_dollars` is set, but the prices of model {context.model} are not known",
                "give the model `price_input` and `price_output`",
            )

    def admit(self, estimate: Estimate) -> None:
        """Raise a MarknerError if the rest of the budget cannot pay for the dry count."""
        requests, dollars = self._account
        caps = self._caps
        if caps.budget_requests is not None and requests + estimate.requests > caps.budget_requests:
            raise self._exceeded(f"{estimate.requests} more requests would exceed `budget_requests`")
        if caps.budget_dollars is not None and dollars + (estimate.dollars or 0.0) > caps.budget_dollars:
            raise self._exceeded(f"about {estimate.dollars:.4f} more dollars would exceed `budget_dollars`")

    def reserve(self, request: Request) -> float:
        """Reserve the price of a request's longest answer. Returns the dollars, to be given to `release`."""
        price = self._longest(request)
        self._check(price)
        self._reserved += price
        return price

    def release(self, dollars: float) -> None:
        """Release reserved dollars, once the answer's real price is in the cache or no answer will come."""
        self._reserved -= dollars

    def attempt(self, count: int = 1) -> None:
        """Count HTTP requests, whose prices are reserved, that are about to be sent."""
        self._check(0.0)  # a wasted answer may have spent the rest
        cap = self._caps.budget_requests
        requests, dollars = self._uncharged
        if cap is not None and self._account.requests + requests + count > cap:
            what = "the next request" if count == 1 else f"{count} more requests"
            raise self._exceeded(f"{what} would exceed `budget_requests`")
        self._uncharged = Spent(requests + count, dollars)

    def waste(self, dollars: float) -> None:
        """Count the price of an answer that cannot be used."""
        self._uncharged = Spent(self._uncharged.requests, self._uncharged.dollars + dollars)

    @property
    def uncharged(self) -> Spent:
        """HTTP requests and wasted dollars that are not in the account yet."""
        return self._uncharged

    def charged(self, uncharged: Spent, account: Spent) -> None:
        """Take over the account after it was charged with what `attempt` and `waste` had counted."""
        requests, dollars = self._uncharged
        self._uncharged = Spent(requests - uncharged.requests, dollars - uncharged.dollars)
        self._account = account

    def spent(self) -> str:
        """Return the run's spending so far, as text."""
        (requests, dollars), (more, wasted) = self._account, self._uncharged
        return str(Spent(requests + more, dollars + wasted))

    def _longest(self, request: Request, batch: bool | None = None) -> float:
        """Return the dollars of a request's longest answer, 0 if the prices are unknown."""
        return self._context.price(request.prompt_tokens, request.answer_limit, batch) or 0.0

    def _check(self, price: float) -> None:
        cap = self._caps.budget_dollars
        if cap is not None and self._account.dollars + self._uncharged.dollars + self._reserved + price > cap:
            raise self._exceeded("the next request could exceed `budget_dollars`")

    def _exceeded(self, what: str) -> MarknerError:
        caps = [
            f"{value} {unit}"
            for value, unit in ((self._caps.budget_requests, "requests"), (self._caps.budget_dollars, "dollars"))
            if value is not None
        ]
        reserved = f", {self._reserved:.4f} dollars reserved" if self._reserved >= 0.0001 else ""
        return MarknerError(
            f"run {self._context.run}: {what}; budget {' and '.join(caps)}, {self.spent()}{reserved}",
            "raise the budget and run again: stored answers are not asked again",
        )
