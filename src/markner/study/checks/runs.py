"""Checks of the names that runs use: models, mixtures, prompts, corpora, and the run whose models they share."""

from collections.abc import Iterator

from markner.study.checks.names import (
    corpus_problems,
    local_model_problems,
    no_such_name,
    other_marks,
    quoted_names,
    repeated_values,
    shown_context,
    unknown_name,
    unmarked_types,
)
from markner.study.problems import Problem
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun, Training
from markner.study.wording import yaml_hint
from markner.study.yaml_lines import Location


def run_problems(study: Study) -> Iterator[Problem]:
    """Check the names in all runs."""
    for name, run in study.runs.items():
        at: Location = ("runs", name)
        if isinstance(run, ChatRun):
            yield from _chat(at, run, study)
        elif isinstance(run, PredictionsRun):
            yield from _predictions(at, run, study)
        elif isinstance(run, RepairedRun):
            yield from _repaired(at, run, study)
        else:
            yield from local_model_problems((*at, "model"), run.model, study)
        if isinstance(run, GenerativeRun):
            yield from _prompting(at, run, study)
        elif isinstance(run, EncoderRun):
            yield from corpus_problems((*at, "corpus"), run.corpus, study, ["train", "dev"])
        yield from repeated_values((*at, "seeds"), run.seeds)
        yield from repeated_values((*at, "evaluate"), run.evaluate)
        for index, corpus in enumerate(run.evaluate):
            yield from corpus_problems((*at, "evaluate", index), corpus, study, ["test"])
    trained = {
        name: run
        for name, run in study.runs.items()
        if isinstance(run, EncoderRun) or (isinstance(run, GenerativeRun) and (run.mixture or run.weights_of))
    }
    for index, name in enumerate(study.keep_models or ()):
        if name not in trained:
            yield no_such_name(("keep_models", index), name, "trained run", trained)


def _chat(at: Location, run: ChatRun, study: Study) -> Iterator[Problem]:
    """Check the model of a chat run, the corpora of its examples, and its budget."""
    model = study.models.get(run.model)
    yield from unknown_name((*at, "model"), run.model, "models", study.models)
    yield from unknown_name((*at, "prompt"), run.prompt, "prompts", study.prompts)
    yield from other_marks((*at, "prompt"), run.prompt, study, "chat runs ask for")
    yield from shown_context((*at, "prompt"), run.prompt, study, "chat runs ask about")
    if model is not None and not isinstance(model, ApiModel):
        known = [other for other, each in study.models.items() if isinstance(each, ApiModel)]
        served = {"source": "api", "model": run.model, "weights": run.model}
        yield Problem(
            (*at, "model"),
            f"`{run.model}` has `source: {model.source}`; a chat run asks a model of source `api`",
            yaml_hint(
                ("models", f"{run.model}-chat"),
                served,
                f"name one of {quoted_names(known)}; or let a server on loopback answer with its weights, under a name"
                " of its own:",
            ),
        )
    if run.embedding is not None:
        yield from local_model_problems((*at, "embedding"), run.embedding, study)
    if run.shots and run.shot_corpus is not None:
        here = (*at, "shot_corpus")
        yield from corpus_problems(here, run.shot_corpus, study, ["train"])
        yield from _same_entity(here, run, study)
    elif run.shots:
        for index, corpus in enumerate(run.evaluate):
            yield from corpus_problems((*at, "evaluate", index), corpus, study, ["train"], "give a `shot_corpus`")
    if isinstance(model, ApiModel):
        yield from _spending(at, run, model)


def _predictions(at: Location, run: PredictionsRun, study: Study) -> Iterator[Problem]:
    """Check that each evaluated corpus has a file of answers, and that each file is of a corpus."""
    for key in ("files", "types"):
        for name in getattr(run, key):
            yield from unknown_name((*at, key, name), name, "corpora", study.corpora)
    for index, name in enumerate(run.evaluate):
        if name not in run.files:
            fix = yaml_hint((*at, "files", name), f"answers/{name}.jsonl", "name it, or take the corpus out:")
            yield Problem((*at, "evaluate", index), f"`{name}` has no file of answers in `files`", fix)


def _repaired(at: Location, run: RepairedRun, study: Study) -> Iterator[Problem]:
    """Check the run that is repaired, its seeds and its corpora."""
    yield from repeated_values((*at, "steps"), run.steps)
    known = {name: each for name, each in study.runs.items() if not isinstance(each, RepairedRun)}
    base = known.get(run.of)
    if base is None:
        yield no_such_name((*at, "of"), run.of, "run that can be repaired", known)
        return
    for key in ("seeds", "evaluate"):
        own, there = getattr(run, key), getattr(base, key)
        if set(own) - set(there):
            fix = yaml_hint((*at, key), there, "leave it out, or write some of these:")
            yield Problem((*at, key), f"`{run.of}` has no predictions of {quoted_names(set(own) - set(there))}", fix)


def _same_entity(at: Location, run: ChatRun, study: Study) -> Iterator[Problem]:
    """Check that the examples show the requested entity type."""
    known = study.corpora
    shown = known.get(run.shot_corpus or "")
    others = [name for name in run.evaluate if shown and name in known and known[name].entity != shown.entity]
    if shown and others:
        yield Problem(
            at,
            f"its examples mark the entity type `{shown.entity}`; {quoted_names(others)} asks for another",
            f"take {quoted_names(others)} out of `evaluate`, and give each entity type a run of its own",
        )


def _spending(at: Location, run: ChatRun, model: ApiModel) -> Iterator[Problem]:
    """Check that a budget in dollars has prices, and that no server on loopback is asked by the Batch API."""
    if run.budget_dollars is not None and (model.price_input is None or model.price_output is None):
        prices = {"price_input": 2.0, "price_output": 8.0}
        yield Problem(
            (*at, "budget_dollars"),
            f"the prices of `models.{run.model}` are not known",
            yaml_hint(("models", run.model), prices, "look them up and add, for example:"),
        )
    if run.batch_api and model.weights is not None:
        fix = yaml_hint((*at, "batch_api"), False, "write")
        yield Problem((*at, "batch_api"), "a server on loopback has no Batch API", fix)


def _prompting(at: Location, run: GenerativeRun, study: Study) -> Iterator[Problem]:
    """Check the mixture of a tuned model, the prompt of an untuned one, and the run whose weights are shared."""
    yield from _typed_marks(at, run, study)
    if run.weights_of is not None:
        yield from _shared(at, run, run.weights_of, study)
        return
    if run.mixture is not None:
        yield from unknown_name((*at, "mixture"), run.mixture, "mixtures", {**study.mixtures, **study.self_instruct})
        if run.prompt != GenerativeRun.model_fields["prompt"].get_default():
            message = f"`{at[-1]}` is asked with the prompt of `{run.mixture}`, on which it is trained"
            yield Problem((*at, "prompt"), message, "leave it out here, and set `prompt` there")
        return
    yield from unknown_name((*at, "prompt"), run.prompt, "prompts", study.prompts)
    if run.training != Training():
        fix = "add a `mixture`, or leave `training` out"
        yield Problem((*at, "training"), f"`{at[-1]}` has no `mixture`, so nothing is trained", fix)


def _typed_marks(at: Location, run: GenerativeRun, study: Study) -> Iterator[Problem]:
    """Check the corpora and the decoding of a run whose prompt has typed marks."""
    owner = study.runs.get(run.weights_of or str(at[-1]))
    mixture = owner.mixture if isinstance(owner, GenerativeRun) else None
    if mixture is not None and mixture not in {**study.mixtures, **study.self_instruct}:
        return
    name = study.prompt_of_mixture(mixture) if mixture else run.prompt
    scored = [study.corpora[corpus].entity for corpus in run.evaluate if corpus in study.corpora]
    yield from unmarked_types((*at, "evaluate"), name, scored, study)
    if run.decoding.method == "constrained" and name in study.prompts and study.prompts[name].marks_by_type:
        fix = yaml_hint((*at, "decoding", "method"), "copy-draft", "write")
        message = f"`prompts.{name}` has marks for each type; constrained decoding knows one pair of marks"
        yield Problem((*at, "decoding", "method"), message, fix)


def _shared(at: Location, run: GenerativeRun, name: str, study: Study) -> Iterator[Problem]:
    """Check a run that has the weights of another run."""
    here = (*at, "weights_of")
    tuned = {other: each for other, each in study.runs.items() if isinstance(each, GenerativeRun) and each.mixture}
    if name not in tuned:
        yield no_such_name(here, name, "tuned run", tuned)
        return
    owner = tuned[name]
    for key in ("mixture", "training", "prompt"):
        if getattr(run, key) != GenerativeRun.model_fields[key].get_default():
            yield Problem(
                (*at, key), f"`{at[-1]}` has the weights of `{name}`, and with them its `{key}`", "leave it out"
            )
    if run.model != owner.model:
        yield Problem((*at, "model"), f"`{name}` has another model", yaml_hint((*at, "model"), owner.model, "write"))
    if set(run.seeds) - set(owner.seeds):
        fix = yaml_hint((*at, "seeds"), owner.seeds, "write some of its seeds, for example")
        yield Problem((*at, "seeds"), f"`{name}` has no such seeds", fix)
