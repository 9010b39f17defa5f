"""Save states of a training: every twenty minutes, and when SIGTERM announces that the job must end."""

import os
import signal
from time import monotonic
from types import FrameType
from typing import Any

import torch
from torch import distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

PREEMPTED = 128 + signal.SIGTERM
"""Exit code of a training that saved its state after SIGTERM."""

SECONDS_BETWEEN_STATES = float(os.environ.get("MARKNER_SECONDS_BETWEEN_STATES", 20 * 60))
"""Least time between two states. A state is three times as large as the weights, and saving it stops the training. The
tests on SLURM set the environment variable, because their trainings take less than a minute."""


class SaveStates(TrainerCallback):
    """Asks the Trainer to save a state when one is due, and to save one and stop after SIGTERM.

    SLURM sends SIGTERM before a time limit (`--signal`), on `scancel` and on preemption. All processes of a training
    agree after each step: the first process decides whether a state is due, and a signal to any of them counts. No
    state is saved after the last step, because the model itself is written then.
    """

    def __init__(self) -> None:
        self.preempted = False
        self._signaled = False
        self._saved = 0.0
        self._previous: Any = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Handle the signal and start the clock."""
        self._saved = monotonic()
        self._previous = signal.signal(signal.SIGTERM, self._handle)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Agree with the other processes whether to save and whether to stop."""
        due = state.is_world_process_zero and monotonic() - self._saved >= SECONDS_BETWEEN_STATES
        signaled = self._signaled
        if distributed.is_initialized():
            flags = torch.tensor([int(due), int(signaled)], device=args.device)
            distributed.all_reduce(flags, distributed.ReduceOp.MAX)
            due, signaled = (bool(flag) for flag in flags.tolist())
        if state.global_step < state.max_steps:
            self.preempted = control.should_training_stop = signaled
            control.should_save = due or signaled

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Restart the clock."""
        self._saved = monotonic()

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Restore the previous handler of the signal."""
        signal.signal(signal.SIGTERM, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._signaled = True
