"""Full sharding of a training over several processes: FSDP 2 over accelerate, and the proof that it is what happens."""

import os
from collections.abc import Callable
from typing import Any

import accelerate.state
import torch
from accelerate.utils import DistributedType
from torch import distributed
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy
from torch.distributed.tensor import DTensor, Shard
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from markner.errors import MarknerError
from markner.models.weights import device
from markner.study.schema.systems import Training


def world_size() -> int:
    """Processes of this training, as the launcher told each of them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this is the process that writes what all have in common."""
    return int(os.environ.get("RANK", "0")) == 0


def sharding_options() -> dict[str, Any]:
    """Options of `TrainingArguments` for the processes there are: none for a single one.

    Every decoder layer is a unit of its own (the model names its class), parameters, gradients and optimiser are cut
    into equal parts (full shard), weights are read by the first process of a node and dealt out, and states to resume
    from stay in parts.
    """
    if world_size() == 1:
        return {}
    if device().type == "cpu":
        _shard_on_cpu_too()
    settings = {
        "version": 2,
        "reshard_after_forward": True,
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "cpu_ram_efficient_loading": True,
        "state_dict_type": "SHARDED_STATE_DICT",
    }
    # Read while weights are loaded, which is before the Trainer makes its accelerator.
    os.environ["ACCELERATE_USE_FSDP"] = "true"
    return {"fsdp": True, "fsdp_config": settings, "average_tokens_across_devices": True}


def keep_float32_sums(arguments: TrainingArguments, training: Training) -> None:
    """Let sharded bfloat16 training add up gradients in float32; accelerate's own choice is bfloat16."""
    if arguments.fsdp and training.precision == "bf16":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        arguments.fsdp_plugin_args["mixed_precision_policy"] = policy


class ShardingCheck(TrainerCallback):
    """Checks, before the first step, that the processes, the precision and the sharding are those asked for.

    Where FSDP does not take hold, libraries go on with something slower and say nothing.
    """

    def __init__(self, training: Training, processes: int) -> None:
        self._precision = training.precision
        self._processes = processes

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_: Any
    ) -> None:
        """Raise MarknerError if anything is not as asked for."""
        found = distributed.get_world_size() if distributed.is_initialized() else 1
        check(found == self._processes, f"{self._processes} processes were asked for, {found} are training")
        accelerator = accelerate.state.AcceleratorState()
        mixed = accelerator.mixed_precision
        expected = "bf16" if self._precision == "bf16" else "no"
        check(mixed == expected, f"precision {self._precision} was asked for, mixed precision is {mixed!r}")
        if self._processes == 1:
            return
        kind = accelerator.distributed_type
        check(kind == DistributedType.FSDP, f"FSDP was asked for, the training runs as {kind.value}")
        check(isinstance(model, FSDPModule), "the model is not wrapped by FSDP")
        for name, parameter in model.named_parameters():
            sharded = isinstance(parameter, DTensor) and parameter.placements == (Shard(0),)
            check(sharded, f"the parameter {name} is not sharded")
            check(parameter.device_mesh.size() == self._processes, f"{name} is not cut into {self._processes} parts")
        units = [module for module in model.modules() if isinstance(module, FSDPModule)]
        layers = model.config.num_hidden_layers
        check(len(units) > layers, f"{len(units)} units are sharded, fewer than the {layers} layers and the whole")
        if self._precision == "bf16":
            types = {unit._get_fsdp_state()._mp_policy.param_dtype for unit in units}
            check(types == {torch.bfloat16}, f"bf16 was asked for, units compute in {types}")


def check(holds: bool, message: str) -> None:
    """Raise MarknerError with the message unless it holds."""
    if not holds:
        raise MarknerError(message, "look into the log for what the launcher and the libraries say before this")


def agreed(decide: Callable[[], str | None]) -> str | None:
    """What the first process decides, for all of them."""
    if not distributed.is_initialized():
        return decide()
    decision = [decide() if is_first() else None]
    distributed.broadcast_object_list(decision)
    return decision[0]


def whole_state(model: Any) -> dict[str, torch.Tensor]:
    """All parameters of a sharded model, on the CPU of the first process; an empty dictionary on the others.

    Every process has to call this.
    """
    state: dict[str, Any] = get_model_state_dict(
        model, options=StateDictOptions(full_state_dict=True, cpu_offload=True)
    )
    return state


def _shard_on_cpu_too() -> None:
    """Let accelerate turn FSDP on between processes on CPUs.

    Its `AcceleratorState` does so for GPUs alone and leaves CPUs with DistributedDataParallel, without a word
    (accelerate 1.15, `state.py`); all further down the road works with gloo as with NCCL.
    """
    state = accelerate.state.AcceleratorState
    original = state.__init__

    def init(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        plugin = options.get("fsdp_plugin")
        shared = accelerate.state.PartialState._shared_state
        if plugin is not None and shared.get("distributed_type") == DistributedType.MULTI_CPU:
            if self._mixed_precision != "no":
                plugin.set_mixed_precision(self._mixed_precision)
            state._shared_state.update(distributed_type=DistributedType.FSDP, fsdp_plugin=plugin)
            shared["distributed_type"] = DistributedType.FSDP

    state.__init__ = init
