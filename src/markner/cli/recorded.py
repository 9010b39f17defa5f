"""Open recorded results for the subcommands `audit` and `replay`."""

from pathlib import Path
from typing import TYPE_CHECKING

from markner.errors import MarknerError

if TYPE_CHECKING:
    from runrecord.audit import Audit, CurrentSettings


def open_audit(path: Path, configfile: Path | None) -> tuple["Audit", str]:
    """Return an audit of the folder in which a result was made, and the path of the result in it.

    `path` is a result or its record. Without `configfile`, the study file, settings are not compared; with it, those of
    the study's own results are. Raises MarknerError if the path lies above the folder in which the results below it
    were made.
    """
    from runrecord.audit import Audit, find_root
    from runrecord.record import SUFFIX, absolute

    result = Path(str(absolute(path)).removesuffix(SUFFIX))
    root = find_root(result) if result.name else Path.cwd()  # not a search of the whole disk
    if not result.is_relative_to(root):
        raise MarknerError(f"{path} lies above the folder of a workflow", "give a result, or a folder of results")
    current, compared = _current_settings(configfile) if configfile else (None, "")
    return Audit(root, current, compared), result.relative_to(root).as_posix()


def _current_settings(configfile: Path) -> tuple["CurrentSettings", str]:
    """Return the settings of a study's jobs, and the folder of its results."""
    from markner.rules import current_settings
    from markner.study.loading import load_study_file
    from markner.study.paths import results_of

    study = load_study_file(configfile)
    return lambda rule, wildcards: current_settings(study, rule, wildcards), results_of(study.study).as_posix()
