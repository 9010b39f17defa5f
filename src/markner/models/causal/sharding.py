"""Full sharding of a training over several processes with FSDP 2, and the check that it really happens."""

import os
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
from markner.models.device import device
from markner.study.schema.systems import Training


def world_size() -> int:
    """Return the number of processes of this training, from the launcher's environment variable."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return whether this process is the first, which writes the files."""
    return int(os.environ.get("RANK", "0")) == 0


def sharding_options(training: Training) -> dict[str, Any]:
    """Return the options of `TrainingArguments` for sharding; none for a single process.

    Every decoder layer is a unit (the model names the class). Parameters, gradients and optimizer states are sharded.
    The first process of a node reads the weights and distributes them. States to resume from stay sharded.

    Gradients are reduced after every device batch. Otherwise FSDP accumulates unsharded float32 gradients until the
    last device batch of a step, and each process holds the gradient of the whole model.
    """
    if world_size() == 1:
        return {}
    if device().type == "cpu":
        _enable_sharding_on_cpu()
    settings = {
        "version": 2,
        "reshard_after_forward": True,
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "activation_checkpointing": training.gradient_checkpointing,
        "cpu_ram_efficient_loading": True,
        "state_dict_type": "SHARDED_STATE_DICT",
    }
    # `from_pretrained` reads this variable, and weights are loaded before the Trainer creates its accelerator.
    os.environ["ACCELERATE_USE_FSDP"] = "true"
    return {
        "fsdp": True,
        "fsdp_config": settings,
        "accelerator_config": {"gradient_accumulation_kwargs": {"sync_each_batch": True}},
        "average_tokens_across_devices": True,
    }


def keep_float32_sums(arguments: TrainingArguments, training: Training) -> None:
    """Make sharded bfloat16 training reduce gradients in float32; accelerate's default is bfloat16."""
    if arguments.fsdp and training.precision == "bf16":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        arguments.fsdp_plugin_args["mixed_precision_policy"] = policy


class ShardingCheck(TrainerCallback):
    """Checks that processes, precision and sharding are as requested: before the first step, and while accumulating.

    If FSDP does not take effect, the libraries continue with something slower or larger without a message.
    """

    def __init__(self, training: Training, processes: int) -> None:
        self._precision = training.precision
        self._processes = processes

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_: Any
    ) -> None:
        """Raise MarknerError if anything differs from the request."""
        actual = distributed.get_world_size() if distributed.is_initialized() else 1
        check(actual == self._processes, f"{self._processes} processes were asked for, {actual} are training")
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

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_: Any
    ) -> None:
        """Raise MarknerError if this process holds gradients of whole parameters between two device batches."""
        if self._processes > 1:
            held = unsharded_gradient_bytes(model)
            check(held == 0, f"{held} bytes of unsharded gradients are held while accumulating")


def unsharded_gradient_bytes(model: Any) -> int:
    """Return how many bytes of whole, not yet reduced gradients this process holds for a sharded model."""
    return sum(
        gradient.numel() * gradient.element_size()
        for unit in model.modules()
        if isinstance(unit, FSDPModule)
        for group in unit._get_fsdp_state()._fsdp_param_groups
        for parameter in group.fsdp_params
        # bfloat16 gradients accumulate in a float32 tensor beside the parameter, float32 ones in its own `grad`.
        for gradient in (
            parameter.unsharded_accumulated_grad,
            getattr(getattr(parameter, "_unsharded_param", None), "grad", None),
        )
        if gradient is not None
    )


def check(holds: bool, message: str) -> None:
    """Raise MarknerError with the message unless the condition holds."""
    if not holds:
        raise MarknerError(message, "read the messages of the launcher and the libraries above this one in the log")


def whole_state(model: Any) -> dict[str, torch.Tensor]:
    """Return all parameters of a sharded model on the CPU of the first process; an empty dictionary on the others.

    Every process must call this.
    """
    state: dict[str, Any] = get_model_state_dict(
        model, options=StateDictOptions(full_state_dict=True, cpu_offload=True)
    )
    return state


def _enable_sharding_on_cpu() -> None:
    """Make accelerate use FSDP between processes on CPUs.

    Its `AcceleratorState` does so only on GPUs, and uses DistributedDataParallel on CPUs without a message
    (accelerate 1.15, `state.py`). Everything after that works with gloo as it does with NCCL.
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
