"""Load a study: types, then cross references; all problems in one error, each with file, line, key and fix."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from markner.errors import MarknerError
from markner.study.checks.references import reference_problems
from markner.study.problems import Problem, problems_of
from markner.study.schema.study import Study
from markner.study.yaml_lines import Location, SourceFile, Sources, text_keys

MIRROR_VARIABLE = "MARKNER_MIRROR"
"""Environment variable that gives `mirror` where the configuration does not."""


def load_study(config: Mapping[str, Any], files: Sequence[str | os.PathLike[str]] = ()) -> Study:
    """Load a study from a merged configuration.

    Args:
        config: the configuration as Snakemake merged it from files and `--config`.
        files: the config files it came from, for the lines in error messages.

    Raises:
        MarknerError: anything is wrong with the study; all problems are listed, each with its place and its fix.
    """
    if not isinstance(config, Mapping):
        raise MarknerError(
            f"the configuration is a {type(config).__name__}, not keys with values", "start with `study: NAME`"
        )
    return _study(text_keys(config), [SourceFile(Path(file)) for file in files])


def load_study_file(path: str | os.PathLike[str]) -> Study:
    """Load a study from one YAML file.

    Raises:
        MarknerError: the file cannot be read, or anything is wrong with the study.
    """
    file = SourceFile(Path(path))
    if not isinstance(file.value, dict):
        raise MarknerError(f"{file.name}, line 1: expected keys with values", "start with `study: NAME`")
    return _study(file.value, [file])


def _study(config: dict[str, Any], files: Sequence[SourceFile]) -> Study:
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror and config.get("mirror") is None:
        config = config | {"mirror": mirror}
    try:
        study = Study.model_validate(config)
    except ValidationError as error:
        raise _error(problems_of(error, Study, config), Sources(config, files)) from None
    problems = reference_problems(study)
    if problems:
        raise _error(problems, Sources(config, files))
    return study


def _error(problems: Sequence[Problem], sources: Sources) -> MarknerError:
    """Return one error that lists all problems."""
    problems = sorted(problems, key=lambda problem: sources.order(problem.location))
    lines = [f"{sources.place(problem.location)}: {_dotted(problem.location)}: {problem.what}" for problem in problems]
    if len(problems) == 1:
        return MarknerError(lines[0], problems[0].fix)
    texts = [f"{line}\n  fix: {problem.fix}" for line, problem in zip(lines, problems, strict=True)]
    return MarknerError(f"{len(problems)} problems in the configuration\n\n" + "\n\n".join(texts))


def _dotted(location: Location) -> str:
    """Return a location as people write it: `runs.llama.evaluate[0]`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return f"`{text.removeprefix('.')}`" if text else "the study"
