"""What a chat run will ask and cost, reckoned before its corpora need be there."""

from dataclasses import dataclass
from pathlib import Path

from markner.data.documents import read_sentences
from markner.data.instructions import render_prompt
from markner.models.chat.cost import MARK_TOKENS, MESSAGE_TOKENS, four_characters, price
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.study import Study

_CHARACTERS = 150
"""Characters of a sentence where the corpus is not here yet; the paper's test sets have 130 to 160."""


@dataclass
class ChatCost:
    """Requests of a run over all its corpora and seeds, tokens, and dollars where the prices are known."""

    requests: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    dollars: float | None = None
    guessed: tuple[str, ...] = ()
    """Corpora whose sentences are not here: the paper's number of them, of usual length."""
    unknown: tuple[str, ...] = ()
    """Corpora of which not even the number of sentences is known."""

    def __str__(self) -> str:
        cost = "at an unknown price" if self.dollars is None else f"about {self.dollars:,.2f} dollars"
        text = f"{self.requests:,} requests, about {self.prompt_tokens + self.answer_tokens:,} tokens, {cost}"
        if self.guessed:
            text += f" ({', '.join(self.guessed)}: by the paper's number of sentences)"
        if self.unknown:
            text += f" (not counted before they are here: {', '.join(self.unknown)})"
        return text


def chat_cost(study: Study, run: ChatRun, model: ApiModel) -> ChatCost:
    """The cost of a run that has no answer yet.

    A question is the sentence in its prompt, after `shots` others with their answers; an answer repeats its sentence
    with a pair of marks. A token has four characters (OpenAI's rule of thumb).
    """
    found = ChatCost()
    prompt = study.prompts[run.prompt]
    for name in run.evaluate:
        counted = _characters(study, name)
        if counted is None:
            found.unknown += (name,)
            continue
        sentences, characters, here = counted
        if not here:
            found.guessed += (name,)
        frame = render_prompt(prompt.template, prompt.instruction_text(study.corpora[name].entity), "")
        sentence = characters / max(sentences, 1) / 4
        shown = run.shots * (four_characters(frame) + 2 * sentence + MARK_TOKENS + 2 * MESSAGE_TOKENS)
        asked = sentences * len(run.seeds)
        found.requests += asked
        found.prompt_tokens += round(asked * (four_characters(frame) + sentence + MESSAGE_TOKENS + shown))
        found.answer_tokens += round(asked * (sentence + MARK_TOKENS))
    found.dollars = price(model, found.prompt_tokens, found.answer_tokens, run.batch_api)
    return found


def _characters(study: Study, name: str) -> tuple[int, int, bool] | None:
    """Test sentences of a corpus, their characters, and whether they are here; None if nothing is known."""
    corpus = study.corpora[name]
    path = Path("results", study.study, "corpora", name, corpus.variant, "test.jsonl")
    if path.is_file():
        lengths = [len(sentence.text) for sentence in read_sentences(path)]
        return len(lengths), sum(lengths), True
    number = corpus.sample.test or (corpus.paper["test"].instances if "test" in corpus.paper else None)
    return None if number is None else (number, number * _CHARACTERS, False)
