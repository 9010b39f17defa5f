"""Requests, tokens and dollars of a chat run, estimated also before its corpora are fetched."""

from dataclasses import dataclass

from markner.data.documents import read_sentences
from markner.data.instructions import render_prompt
from markner.models.chat.cost import MARK_TOKENS, MESSAGE_TOKENS, four_characters, price
from markner.preflight.hours import sentences, split_file
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.study import Study
from markner.study.wording import counted

_CHARACTERS = 150
"""Characters of a sentence if the corpus is not fetched yet. The paper's test sets have 130 to 160."""


@dataclass(frozen=True, slots=True)
class ChatCost:
    """Requests, tokens and dollars of a run over all its corpora and seeds. Dollars are None without prices."""

    requests: int
    prompt_tokens: int
    answer_tokens: int
    dollars: float | None
    guessed: tuple[str, ...]
    """Corpora that are not fetched. The estimate takes the paper's number of sentences, of usual length."""
    unknown: tuple[str, ...]
    """Corpora whose number of sentences is unknown."""

    def __str__(self) -> str:
        cost = "at an unknown price" if self.dollars is None else f"about {self.dollars:,.2f} dollars"
        text = f"{counted(self.requests, 'request')}, about {self.prompt_tokens + self.answer_tokens:,} tokens, {cost}"
        if self.guessed:
            text += f" ({', '.join(self.guessed)}: by the paper's number of sentences)"
        if self.unknown:
            text += f" (not counted before they are fetched: {', '.join(self.unknown)})"
        return text


def chat_cost(study: Study, run: ChatRun, model: ApiModel) -> ChatCost:
    """Return the cost of a run that has no answer yet.

    A request is the sentence in its prompt, after `shots` examples with their answers. An answer repeats its sentence
    with a pair of marks. A token has four characters (OpenAI's rule of thumb).
    """
    requests = prompt_tokens = answer_tokens = 0
    guessed: list[str] = []
    unknown: list[str] = []
    prompt = study.prompts[run.prompt]
    for name in run.evaluate:
        size = _size(study, name)
        if size is None:
            unknown.append(name)
            continue
        number, characters, fetched = size
        if not fetched:
            guessed.append(name)
        frame = four_characters(render_prompt(prompt.template, prompt.instruction_text(study.corpora[name].entity), ""))
        sentence = characters / max(number, 1) / 4
        examples = run.shots * (frame + 2 * sentence + MARK_TOKENS + 2 * MESSAGE_TOKENS)
        count = number * len(run.seeds)
        requests += count
        prompt_tokens += round(count * (frame + sentence + MESSAGE_TOKENS + examples))
        answer_tokens += round(count * (sentence + MARK_TOKENS))
    dollars = 0.0 if model.weights else price(model, prompt_tokens, answer_tokens, run.batch_api)
    return ChatCost(requests, prompt_tokens, answer_tokens, dollars, tuple(guessed), tuple(unknown))


def _size(study: Study, name: str) -> tuple[int, int, bool] | None:
    """Return a corpus' test sentences, their characters, and whether it is fetched; None if nothing is known."""
    path = split_file(study, name, "test")
    if path.is_file():
        lengths = [len(sentence.text) for sentence in read_sentences(path)]
        return len(lengths), sum(lengths), True
    number = sentences(study, name, "test")
    return None if number is None else (number, number * _CHARACTERS, False)
