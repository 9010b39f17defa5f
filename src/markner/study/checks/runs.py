"""Checks of runs: the runs and prompts that only some of them may name, and what they need of the parts they name."""

from collections.abc import Iterator

from markner.study.checks.names import (
    missing_splits,
    no_such_name,
    other_marks,
    quoted_names,
    sampled_context,
    shown_context,
    unknown_name,
    unmarked_types,
)
from markner.study.problems import Problem
from markner.study.queries import generative, prompt_name, trained_runs
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun, Training
from markner.study.wording import yaml_hint
from markner.study.yaml_lines import Location


def linked_run_problems(study: Study) -> Iterator[Problem]:
    """Check the runs that others share or repair, which must be of a kind, and the prompts of untuned models."""
    tuned = [name for name, run in study.runs.items() if isinstance(run, GenerativeRun) and run.mixture]
    repairable = [name for name, run in study.runs.items() if not isinstance(run, RepairedRun)]
    for name, run in study.runs.items():
        if isinstance(run, RepairedRun) and run.of not in repairable:
            yield no_such_name(("runs", name, "of"), run.of, "run that can be repaired", repairable)
        if not isinstance(run, GenerativeRun):
            continue
        if run.weights_of is not None and run.weights_of not in tuned:
            yield no_such_name(("runs", name, "weights_of"), run.weights_of, "tuned run", tuned)
        elif not run.weights_of and not run.mixture:
            yield from unknown_name(("runs", name, "prompt"), run.prompt, "prompts", study.prompts)


def run_problems(study: Study) -> Iterator[Problem]:
    """Check what all runs need of the parts they name, and that the runs whose models stay are trained."""
    trained = trained_runs(study)
    for index, name in enumerate(study.keep_models or ()):
        if name not in trained:
            yield no_such_name(("keep_models", index), name, "trained run", trained)
    for name, run in study.runs.items():
        at: Location = ("runs", name)
        if isinstance(run, ChatRun):
            yield from _chat(at, run, study)
        elif isinstance(run, PredictionsRun):
            yield from _predictions(at, run)
        elif isinstance(run, RepairedRun):
            yield from _repaired(at, run, study)
        elif isinstance(run, GenerativeRun):
            yield from _prompting(at, run, study)
        elif isinstance(run, EncoderRun):
            yield from sampled_context((*at, "context"), run.context, [run.corpus], ["train", "dev"], study)
            yield from sampled_context((*at, "context"), run.context, run.evaluate, ["test"], study)


def _chat(at: Location, run: ChatRun, study: Study) -> Iterator[Problem]:
    """Check the model of a chat run, its prompt, the corpora of its examples, and its budget."""
    model = study.models[run.model]
    yield from other_marks((*at, "prompt"), run.prompt, study, "chat runs ask for")
    yield from shown_context((*at, "prompt"), run.prompt, study, "chat runs ask about")
    if isinstance(model, ApiModel):
        yield from _spending(at, run, model)
    else:
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
    if run.shots and run.shot_corpus is not None:
        here = (*at, "shot_corpus")
        yield from missing_splits(here, run.shot_corpus, study, ["train"])
        yield from _same_entity(here, run, run.shot_corpus, study)
    elif run.shots:
        for index, corpus in enumerate(run.evaluate):
            yield from missing_splits((*at, "evaluate", index), corpus, study, ["train"], "give a `shot_corpus`")


def _predictions(at: Location, run: PredictionsRun) -> Iterator[Problem]:
    """Check that each evaluated corpus has a file of answers."""
    for index, name in enumerate(run.evaluate):
        if name not in run.files:
            fix = yaml_hint((*at, "files", name), f"answers/{name}.jsonl", "name it, or take the corpus out:")
            yield Problem((*at, "evaluate", index), f"`{name}` has no file of answers in `files`", fix)


def _repaired(at: Location, run: RepairedRun, study: Study) -> Iterator[Problem]:
    """Check the seeds and corpora of a run that is repaired."""
    for key in ("seeds", "evaluate"):
        own, there = getattr(run, key), getattr(study.runs[run.of], key)
        if set(own) - set(there):
            fix = yaml_hint((*at, key), there, "leave it out, or write some of these:")
            yield Problem((*at, key), f"`{run.of}` has no predictions of {quoted_names(set(own) - set(there))}", fix)


def _same_entity(at: Location, run: ChatRun, shot_corpus: str, study: Study) -> Iterator[Problem]:
    """Check that the examples show the requested entity type."""
    shown = study.corpora[shot_corpus].entity
    others = [name for name in run.evaluate if study.corpora[name].entity != shown]
    if others:
        yield Problem(
            at,
            f"its examples mark the entity type `{shown}`; {quoted_names(others)} asks for another",
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
    """Check the settings that a tuned model, an untuned one, and one with the weights of another run must not have."""
    yield from _corpora(at, run, study)
    if run.weights_of is not None:
        yield from _shared(at, run, run.weights_of, study)
    elif run.mixture is None and run.training != Training():
        fix = "add a `mixture`, or leave `training` out"
        yield Problem((*at, "training"), f"`{at[-1]}` has no `mixture`, so nothing is trained", fix)
    elif run.mixture is not None and run.prompt != GenerativeRun.model_fields["prompt"].get_default():
        message = f"`{at[-1]}` is asked with the prompt of `{run.mixture}`, on which it is trained"
        yield Problem((*at, "prompt"), message, "leave it out here, and set `prompt` there")


def _corpora(at: Location, run: GenerativeRun, study: Study) -> Iterator[Problem]:
    """Check that the corpora and the decoding of a run fit the marks and the context of its prompt."""
    name = prompt_name(study, str(at[-1]))
    yield from sampled_context((*at, "evaluate"), study.prompts[name].context, run.evaluate, ["test"], study)
    yield from unmarked_types((*at, "evaluate"), name, run.evaluate, study)
    if run.decoding.method == "constrained" and study.prompts[name].marks_by_type:
        fix = yaml_hint((*at, "decoding", "method"), "copy-draft", "write")
        message = f"`prompts.{name}` has marks for each type; constrained decoding knows one pair of marks"
        yield Problem((*at, "decoding", "method"), message, fix)


def _shared(at: Location, run: GenerativeRun, name: str, study: Study) -> Iterator[Problem]:
    """Check a run that has the weights of another run."""
    owner = generative(study, name)
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
