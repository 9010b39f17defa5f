"""Code that runs when the workflow is planned, and never in a job."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


def planning_only(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Keep a function out of the code hash of jobs.

    Use it for functions that only compute settings when the workflow is planned. The settings themselves are in the
    record, so a change of such a function runs a job again exactly if it changes the job's settings.
    """
    return function
