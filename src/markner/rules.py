"""The params class of each rule that runs a script. The workflow, the planning and the audit look it up here."""

from collections.abc import Mapping
from typing import Any

# Each class in these modules registers itself under the names of its rules.
import markner.annotate.params
import markner.data.params
import markner.data.synthetic.params
import markner.evaluation.params
import markner.models.chat.params
import markner.models.params
import markner.reporting.params  # noqa: F401
from markner.errors import MarknerError, NotInStudyError
from markner.study.params import PARAMS, Params
from markner.study.schema.study import Study

_SECTIONS = {
    "corpus": ("corpora",),
    "run": ("runs",),
    "model": ("models",),
    "mixture": ("mixtures", "self_instruct"),
    "set": ("self_instruct",),
    "table": ("tables",),
    "figure": ("figures",),
    "error_figure": ("error_figures",),
    "size_figure": ("size_figures",),
    "strata_table": ("strata_tables",),
    "strata_figure": ("strata_figures",),
    "calibration": ("calibrations",),
    "suspects": ("suspects",),
    "annotation": ("annotations",),
}
"""Sections of the study that a wildcard names an entry of."""


def params_of(rule: str) -> type[Params]:
    """Return the params class of a rule. Raises MarknerError for a rule that is not registered."""
    if rule not in PARAMS:
        raise MarknerError(
            f"rule {rule} has no params class", f'write one with `rules=["{rule}"]` into the params.py of its room'
        )
    return PARAMS[rule]


def wildcard_values(study: Study) -> dict[str, list[str]]:
    """Return the values of each wildcard that names an entry of the study: the names of these entries."""
    return {
        wildcard: [name for section in sections for name in getattr(study, section)]
        for wildcard, sections in _SECTIONS.items()
    }


def current_settings(study: Study, rule: str, wildcards: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the settings that a job has in a study now, None if the study has no such job any more.

    Raises:
        MarknerError: The rule is not registered.
    """
    params = params_of(rule)
    known = wildcard_values(study)
    if any(name in known and value not in known[name] for name, value in wildcards.items()):
        return None
    try:
        return params.of(study, wildcards).settings()
    except NotInStudyError:  # such as a run that is no longer tuned
        return None
