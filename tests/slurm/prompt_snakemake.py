"""`snakemake` that looks for ended jobs every two seconds.

The SLURM plugin waits for ten seconds longer each time that no job has ended, up to three minutes, as is right for jobs
of hours. Those of the tests take seconds, and would be waiting most of the time.

It also ends at Ctrl-C (SIGINT) if the tests run in the background of a shell, where Python ignores that signal.
"""

import signal

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

SECONDS = 2.0

RemoteExecutor.next_seconds_between_status_checks = property(  # type: ignore[assignment, method-assign]
    lambda _: SECONDS, lambda _, value: None
)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
