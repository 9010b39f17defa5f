"""Leaving a training when the machine is wanted back: SIGTERM saves a state after the step and ends the process."""

import signal
from types import FrameType
from typing import Any

import torch
from torch import distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

LEFT = 128 + signal.SIGTERM
"""Exit code of a training that saved its state and left."""


class Leave(TrainerCallback):
    """Saves a state and stops all processes after the step in which one of them got SIGTERM.

    SLURM sends it before a time limit (`--signal`), on `scancel` and on preemption. The last step is not followed by a
    state: the model itself is about to be written.
    """

    def __init__(self) -> None:
        self.left = False
        self._asked = False
        self._previous: Any = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Listen for the signal."""
        self._previous = signal.signal(signal.SIGTERM, self._ask)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Agree with the other processes, and if one was asked to leave, save and stop."""
        asked = self._asked
        if distributed.is_initialized():
            anyone = torch.tensor(int(asked), device=args.device)
            distributed.all_reduce(anyone, distributed.ReduceOp.MAX)
            asked = bool(anyone.item())
        if asked and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = self.left = True

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Listen no longer."""
        signal.signal(signal.SIGTERM, self._previous)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
