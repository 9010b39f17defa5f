"""Settings of systems: models and the runs that use them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from markner.study.schema.base import Context, EntryOf, Name, ScoredCorpora, Seeds, Settings, WeightsName
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.corpora import Splits
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.tags import Tag


class Hardware(Settings):
    """What the jobs of a model ask of a machine or a cluster.

    It decides how fast they are and whether they fit; no result depends on it, so a change of it runs nothing again.
    """

    processes: int = Field(1, ge=1)
    """Processes that share a training (FSDP), over all nodes; each has a GPU of its own where there are GPUs."""
    nodes: int = Field(1, ge=1)
    """Nodes that a training is spread over; more than one under SLURM only."""
    device: Literal["any", "gpu", "cpu"] = "any"
    """`gpu`: without enough GPUs a training is an error, not slow. `any`: GPUs where there are some. `cpu`: none."""
    memory_gb: float = Field(16, gt=0)
    """Main memory on each node; the first process reads all weights in float32 and puts the tuned ones together."""
    predict_memory_gb: float | None = Field(None, gt=0)
    """Main memory of a job that predicts, writes candidates or annotates; by default `memory_gb`."""
    train_hours: float = Field(4, gt=0)
    """Time limit of a training; one that reaches it goes on from its last state in the next try."""
    predict_hours: float = Field(4, gt=0)
    """Time limit of the prediction of a corpus."""
    billions: float | None = Field(None, gt=0)
    """Parameters in billions: what `markner preflight` reckons with while the weights are not there yet."""
    weights_gb: float | None = Field(None, gt=0)
    """Size of the files of the pretrained weights in GB, for `markner preflight`; by default 2 bytes a parameter."""

    @model_validator(mode="after")
    def _nodes_divide(self) -> "Hardware":
        if self.processes % self.nodes:
            raise ValueError(f"`processes` ({self.processes}) must be a multiple of `nodes` ({self.nodes})")
        return self

    @property
    def gpus(self) -> int:
        """GPUs of a job of one process."""
        return 0 if self.device == "cpu" else 1

    @property
    def memory_mb(self) -> int:
        """Main memory on each node, as a job asks for it."""
        return max(1, round(1000 * self.memory_gb))

    @property
    def predict_memory_mb(self) -> int:
        """Main memory of a job that only runs the model, as the job asks for it."""
        return max(1, round(1000 * (self.predict_memory_gb or self.memory_gb)))

    @property
    def train_minutes(self) -> int:
        """Time limit of a training."""
        return max(1, round(60 * self.train_hours))

    @property
    def predict_minutes(self) -> int:
        """Time limit of the prediction of a corpus."""
        return max(1, round(60 * self.predict_hours))


class HubModel(Settings):
    """Weights from the Hugging Face hub."""

    source: Literal["hub"]
    """Weights from the Hugging Face hub."""
    id: str = Field(pattern=r"^[^/\s]+/[^/\s]+$", examples=["owner/name"])
    """Repository, as `owner/name`."""
    revision: str = "main"
    """Branch, tag or commit; a commit makes the study exact."""
    licence: str = ""
    """What has to be accepted before the download, if anything."""
    hardware: Hardware = Hardware()
    """What its jobs ask of a machine."""


class FolderModel(Settings):
    """Weights in a local folder (safetensors, config.json, tokenizer)."""

    source: Literal["folder"]
    """Weights in a local folder."""
    path: str
    """The folder, relative to the working directory."""
    hardware: Hardware = Hardware()
    """What its jobs ask of a machine."""


class PackageModel(Settings):
    """Weights that a Python package carries."""

    source: Literal["package"]
    """Weights carried by an installed Python package; the package is located, not imported."""
    package: str
    """Import name of the package."""
    folder: str = "."
    """Folder of the weights inside the package."""
    gguf: str | None = None
    """Pattern of a GGUF file in the folder, if the weights are in that format; they are dequantised to float32."""
    hardware: Hardware = Hardware()
    """What its jobs ask of a machine."""


LocalModel = Annotated[HubModel | FolderModel | PackageModel, Field(discriminator="source")]
"""A model whose weights are at hand, or can be had."""

Model = Annotated[HubModel | FolderModel | PackageModel | ApiModel, Field(discriminator="source")]


class Training(Settings):
    """Instruction tuning (paper 3.1.2; Stanford Alpaca's recipe where the paper is silent)."""

    method: Literal["full", "lora", "qlora"] = "full"
    """All weights, low-rank adapters (Hu et al. 2021), or adapters on a 4-bit model (Dettmers et al. 2023)."""
    epochs: float = Field(3.0, gt=0)
    """Passes over the instruction set."""
    learning_rate: float = Field(2e-5, gt=0, lt=1)
    """Peak learning rate."""
    batch_size: int = Field(128, ge=1)
    """Examples per optimiser step, over all devices."""
    device_batch_size: int = Field(4, ge=1)
    """Examples per device and forward pass; the rest of `batch_size` is accumulated."""
    warmup: float = Field(0.03, ge=0, lt=1)
    """Part of the steps over which the learning rate rises."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    weight_decay: float = Field(0.0, ge=0)
    """AdamW's weight decay."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are clipped to this norm."""
    precision: Literal["bf16", "fp32"] = "bf16"
    """Mixed bfloat16 with float32 master weights, or float32 throughout."""
    save_precision: Literal["bf16", "fp32"] | None = None
    """Precision of the saved model: 2 or 4 bytes a parameter; by default that of the training. Answers decoded in
    bfloat16 are the same from both."""
    max_length: int = Field(1024, ge=16)
    """Longest example in tokens, prompt and answer and end token together; never cut."""
    too_long: Literal["error", "exclude"] = "error"
    """What happens to a longer example: an error, or an exclusion that is counted and reported."""
    batching: Literal["prefix", "grouped", "padded"] = "grouped"
    """`prefix`: the common prompt once and all examples of a batch in one row (exact). `grouped`: padded batches of
    similar length. `padded`: padded random batches, as Alpaca."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third slower."""
    lora_rank: int = Field(16, ge=1)
    """Rank of the adapters, for `lora` and `qlora`."""
    lora_alpha: int = Field(32, ge=1)
    """Scale of the adapters, for `lora` and `qlora`."""

    @property
    def saved_precision(self) -> Literal["bf16", "fp32"]:
        """Precision of the saved model."""
        return self.save_precision or self.precision

    @model_validator(mode="after")
    def _batches_divide(self) -> "Training":
        if self.batch_size % self.device_batch_size:
            raise ValueError(
                f"`batch_size` ({self.batch_size}) must be a multiple of `device_batch_size` ({self.device_batch_size})"
            )
        return self


class Decoding(Settings):
    """How a generative system writes its answers."""

    method: Literal["greedy", "copy-draft", "constrained"] = "greedy"
    """`greedy`: Hugging Face generate. `copy-draft`: the same answers, the input serving as the draft of the output.
    `constrained`: at each step only what keeps the answer the input with marks, so that every answer aligns; other
    answers, and so other scores, than free decoding."""
    batch_size: int = Field(16, ge=1)
    """Sentences decoded together."""
    precision: Literal["bf16", "fp32"] = "bf16"
    """Precision of the weights while decoding."""
    max_new_tokens_margin: int = Field(24, ge=0)
    """New tokens allowed beyond twice the tokens of the input; an answer that reaches the limit counts as truncated."""


class GenerativeRun(Settings):
    """A causal language model that answers with the marked sentence, tuned on a mixture or used as it is."""

    system: Literal["generative"]
    """A causal language model."""
    model: WeightsName
    """Pretrained model."""
    mixture: Annotated[Name, EntryOf("mixtures", other="self_instruct")] | None = None
    """Instruction set it is tuned on; without one the model is used as it is."""
    weights_of: Name | None = None
    """A tuned run whose models answer here too, with a decoding of its own and without another training; then this run
    has no `mixture`."""
    prompt: Name = "generic"
    """Prompt of an untuned model; a tuned model is asked with the prompt of its mixture."""
    as_trained: bool = False
    """Divide the sentences of raw corpora into tokens before the model reads them, if it was trained on tokens."""
    training: Training = Training()
    """How it is tuned."""
    decoding: Decoding = Decoding()
    """How it answers."""
    seeds: Seeds = Field(default=[1], min_length=1)
    """One training for each seed."""
    evaluate: ScoredCorpora = Field(min_length=1)
    """Corpora on whose test split it is scored."""


Axis = Literal["learning_rate", "max_length", "batch_size", "dropout"]


class Grid(Settings):
    """Values that are combined with each other (paper 3.2: 18 combinations)."""

    learning_rate: list[Annotated[float, Field(gt=0, lt=1)]] = Field(default=[1e-5, 3e-5, 5e-5], min_length=1)
    """Peak learning rates."""
    max_length: list[Annotated[int, Field(ge=8)]] = Field(default=[128, 256, 512], min_length=1)
    """Longest input in word pieces; a longer sentence is read in overlapping windows."""
    batch_size: list[Annotated[int, Field(ge=1)]] = Field(default=[16, 32], min_length=1)
    """Sentences per optimiser step."""
    dropout: list[Annotated[float, Field(ge=0, lt=1)]] = Field(default=[0.1], min_length=1)
    """Dropout of the encoder and of the classifier."""


class EncoderTraining(Settings):
    """How an encoder is trained, besides what its grid searches."""

    fraction: float = Field(1.0, gt=0, le=1)
    """Part of the training sentences, drawn as a mixture draws them."""
    epochs: int = Field(10, ge=1)
    """Passes over the training split. The paper does not state it."""
    keep: Literal["highest-f1", "lowest-loss", "last"] = "highest-f1"
    """Epoch whose weights are kept, judged on dev."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Part of the steps over which the learning rate rises; it falls linearly after."""
    weight_decay: float = Field(0.01, ge=0)
    """AdamW's weight decay."""
    precision: Literal["bf16", "fp32"] = "bf16"
    """Mixed bfloat16 with float32 master weights, or float32 throughout."""
    context: Context = "none"
    """What it reads beside a sentence, in training, prediction and annotation: `neighbors`, the sentences before and
    after it in its document; `title`, the first sentence of its document; or nothing."""


class EncoderRun(EncoderTraining):
    """A bidirectional encoder with BIO tags, trained on one corpus over a grid, selected on its dev split."""

    system: Literal["encoder"]
    """A token classifier."""
    model: WeightsName
    """Pretrained model."""
    corpus: Annotated[Name, EntryOf("corpora", splits=("train", "dev"))]
    """Corpus it is trained on (train) and selected on (dev)."""
    grid: Grid = Grid()
    """Hyperparameters that are searched. The point with the lowest loss on dev counts, as in the paper."""
    grid_batching: list[Axis] = Field(default=["learning_rate", "max_length", "batch_size", "dropout"])
    """Hyperparameters each value of which has jobs of its own. A job trains the points that differ in the others, one
    after the other in one process: fewer starts and fewer jobs, but one more value of those others trains all again."""
    split: Splits = Field(default=["train"], min_length=1)
    """`train`; or `[train, dev]`: after the selection, a final model is trained on both with the chosen settings, and
    for as many epochs as were best on dev. The final model is the one that is scored and that annotates."""
    seeds: Seeds = Field(default=[1], min_length=1)
    """One grid for each seed."""
    evaluate: ScoredCorpora = Field(min_length=1)
    """Corpora on whose test split it is scored."""

    @property
    def final(self) -> bool:
        """Whether a final model is trained on train and dev."""
        return len(self.split) > 1

    @model_validator(mode="after")
    def _trained_on_train(self) -> "EncoderRun":
        if self.split not in (["train"], ["train", "dev"]):
            raise ValueError("`split` of an encoder is `train` or `[train, dev]`: it is selected on dev")
        return self


class TaggerRun(Settings):
    """A token classifier that is trained already, from the hub or a folder, used as it is."""

    system: Literal["tagger"]
    """A trained token classifier. `system: encoder` with `trained: true` is the same."""
    model: WeightsName
    """The classifier with its tokenizer."""
    labels: dict[str, Tag] = Field(min_length=1, examples=[{"B-Disease": "B", "I-Disease": "I"}])
    """Tag by label of the classifier: `B` begins a mention, `I` goes on with it. All other labels are `O`. With IO
    labels, whose mentions have no beginning, write `I` alone."""
    evaluate: ScoredCorpora = Field(min_length=1)
    """Corpora on whose test split it is scored."""

    @property
    def seeds(self) -> list[int]:
        """The one seed under which the predictions lie; nothing is drawn at random."""
        return [1]

    @model_validator(mode="after")
    def _finds_something(self) -> "TaggerRun":
        if not {"B", "I"} & set(self.labels.values()):
            raise ValueError("`labels` must have a label that is `B` or `I`")
        return self


Run = Annotated[
    GenerativeRun | EncoderRun | TaggerRun | ChatRun | PredictionsRun | RepairedRun, Field(discriminator="system")
]
