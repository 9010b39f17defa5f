"""Params of the rules that choose few-shot examples and ask chat models."""

from typing import Any, Literal, Self

from markner.study.params import Params, Wildcards
from markner.study.queries import chat_model, chat_run, shot_corpus
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Prompt
from markner.study.schema.study import Study

_REQUEST = {"source", "provider", "model", "limit_field", "parameters"}
"""Settings of a model that are part of a request, beside the place it is asked at."""


class FewShotParams(Params):
    """How the examples of a chat run are chosen."""

    shots: int
    shot_selection: Literal["random", "similar"]
    embedding: str | None
    corpus: str
    """Corpus whose training split gives the examples."""
    seed: int

    @classmethod
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the choice of a run; the embedding counts only for similar examples."""
        run = chat_run(study, wildcards["run"])
        return cls(
            shots=run.shots,
            shot_selection=run.shot_selection,
            embedding=run.embedding if run.shot_selection == "similar" else None,
            corpus=shot_corpus(study, wildcards["run"], wildcards["corpus"]),
            seed=int(wildcards["seed"]),
        )


class ChatParams(Params):
    """What a chat model is asked on a corpus: all that is part of a request, and nothing else."""

    model: ApiModel
    temperature: float | None
    max_new_tokens_margin: int
    prompt: Prompt
    """With the enhancement for the corpus' entity type alone."""
    entity: str

    @classmethod
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Leave out prices, keys and patience: they change no answer."""
        run, model = chat_run(study, wildcards["run"]), chat_model(study, wildcards["run"])
        place = {"weights"} if model.weights else {"base_url"}
        entity, prompt = study.corpora[wildcards["corpus"]].entity, study.prompts[run.prompt]
        enhancements = {entity: prompt.enhancements.get(entity, "")}
        return cls(
            model=ApiModel.model_validate(model.model_dump(include=_REQUEST | place)),
            temperature=run.temperature,
            max_new_tokens_margin=run.max_new_tokens_margin,
            prompt=prompt.model_copy(update={"enhancements": enhancements}),
            entity=entity,
        )

    def settings(self) -> dict[str, Any]:
        """Keep of the model what a request holds."""
        place = {"weights"} if self.model.weights else {"base_url"}
        return {**self.model_dump(exclude={"model"}), "model": self.model.model_dump(include=_REQUEST | place)}
