"""Params of the rules that choose few-shot examples and ask chat models."""

from typing import Literal, Self

from pydantic import JsonValue

from markner.errors import MarknerError
from markner.study.params import Params, Wildcards
from markner.study.queries import chat_model, chat_run, shot_corpus
from markner.study.schema.base import Settings
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Prompt
from markner.study.schema.study import Study
from runrecord.planned import planning_only


class ChatEndpoint(Settings):
    """The settings of a chat model that are part of a request, and its server."""

    provider: str
    model: str
    limit_field: Literal["max_completion_tokens", "max_tokens"]
    parameters: dict[str, JsonValue]
    base_url: str | None
    """The server, None for a model that is served on loopback."""
    weights: str | None
    """The pretrained model that is served on loopback, None for a model behind an address."""

    @classmethod
    def of_model(cls, model: ApiModel) -> Self:
        """Build it from a model of the study.

        Raises:
            MarknerError: The model is retired.
        """
        if model.retired is not None:
            raise MarknerError(
                f"model {model.model} is retired ({model.retired}) and is never asked",
                "show the paper's own scores, or configure a current model under a name of its own",
            )
        own = model.model_dump(include=set(cls.model_fields))
        return cls(**own | {"base_url": None if model.weights else model.base_url})


class FewShotParams(Params, rules=["few_shot", "similar_few_shot"]):
    """How the examples of a chat run are chosen."""

    shots: int
    shot_selection: Literal["random", "similar"]
    embedding: str | None
    corpus: str
    """Corpus whose training split gives the examples."""
    seed: int

    @classmethod
    @planning_only
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


class ChatParams(Params, rules=["chat", "chat_served"]):
    """All settings that are part of the requests to a chat model about a corpus."""

    model: ChatEndpoint
    temperature: float | None
    max_new_tokens_margin: int
    prompt: Prompt
    """With the enhancement for the corpus' entity type alone."""
    entity: str

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Leave out prices, keys and patience: they change no answer."""
        run, model = chat_run(study, wildcards["run"]), chat_model(study, wildcards["run"])
        entity, prompt = study.corpora[wildcards["corpus"]].entity, study.prompts[run.prompt]
        enhancements = {entity: prompt.enhancements.get(entity, "")}
        return cls(
            model=ChatEndpoint.of_model(model),
            temperature=run.temperature,
            max_new_tokens_margin=run.max_new_tokens_margin,
            prompt=prompt.model_copy(update={"enhancements": enhancements}),
            entity=entity,
        )
