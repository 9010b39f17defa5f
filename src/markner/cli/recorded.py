"""Open recorded results for the subcommands `audit` and `replay`."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runrecord.audit import Audit, CurrentSettings


def open_audit(path: Path, configfile: Path | None) -> tuple["Audit", str]:
    """Return an audit of the folder in which a result was made, and the path of the result in it.

    Args:
        path: a result or its record.
        configfile: the study file; without it settings are not compared.
    """
    from runrecord.audit import Audit, find_root
    from runrecord.record import SUFFIX, absolute

    place = absolute(path)
    result = place.with_name(place.name.removesuffix(SUFFIX))
    root = find_root(result)
    current = _current_settings(configfile) if configfile else None
    return Audit(root, current), result.relative_to(root).as_posix()


def _current_settings(configfile: Path) -> "CurrentSettings":
    from markner.rules import current_settings
    from markner.study.loading import load_study_file

    study = load_study_file(configfile)
    return lambda rule, wildcards: current_settings(study, rule, wildcards)
