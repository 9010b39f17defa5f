"""The lock by which the jobs of a chat run take turns."""

import fcntl
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from markner.errors import MarknerError
from markner.models.chat.context import ChatContext

logger = logging.getLogger(__name__)


@contextmanager
def job_lock(context: ChatContext, *, of_all_runs: bool = False) -> Iterator[None]:
    """Wait until no other job of the run asks, then keep others waiting. The system releases it if the job is killed.

    With `of_all_runs`, it is the lock of all jobs with the same store, held while batches are planned and created.

    Raises:
        MarknerError: The file system has no locks.
    """
    context.cache.parent.mkdir(parents=True, exist_ok=True)
    name = "" if of_all_runs else "." + re.sub(r"[^A-Za-z0-9_.-]", "_", context.run)
    with context.cache.with_name(f"{context.cache.name}{name}.lock").open("a") as file:
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                other = "another job is making batches" if of_all_runs else "another job of the run is asking"
                logger.info("run %s: %s; waiting", context.run, other)
                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise MarknerError(f"{file.name}: cannot be locked: {error}", "name another folder in `answers`") from error
        yield
