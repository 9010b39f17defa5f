"""A real LLaMA model small enough to be trained and decoded in a second, with a real tokenizer."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from sentencepiece import SentencePieceTrainer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from markner.data.documents import Span
from markner.data.instructions import Instance
from markner.files import write_json
from markner.markup import mark
from markner.models.causal.finetune import FineTuning, finetune
from markner.study.schema.corpora import Prompt
from markner.study.schema.systems import Training

PROMPT = Prompt()
TEMPLATE = PROMPT.template
INSTRUCTION = PROMPT.instruction_text("disease")
SENTENCES = [
    ("Familial adenomatous polyposis is inherited .", [(0, 30)]),
    ("No mention is found here .", []),
    ("Mutations cause ataxia and also breast cancer in mice .", [(16, 22), (32, 45)]),
    ("Expression was normal ( p < 0.05 ) in all tissues that were studied so far .", []),
    ("The α-thalassaemia gene was cloned .", [(4, 18)]),
    ("Patients with diabetes were followed .", [(14, 22)]),
    ("Retinoblastoma , Wilms tumour and melanoma were compared .", [(0, 14), (17, 29), (34, 42)]),
]
INSTANCES = [Instance(INSTRUCTION, text, mark(text, [Span(*span) for span in spans])) for text, spans in SENTENCES]


def fine_tuning(weights: Path, folder: Path, training: Training, seed: int = 1) -> FineTuning:
    """Write the instruction set of this module into a folder, and return a training on it with all outputs there."""
    write_json(folder / "instructions.json", [asdict(row) for row in INSTANCES])
    return FineTuning(
        weights=weights,
        instructions=folder / "instructions.json",
        template=TEMPLATE,
        training=training,
        seed=seed,
        output=folder / "model",
        history=folder / "training.json",
        costs=folder / "costs.json",
        log=folder / "log.txt",
        checkpoints=folder / "checkpoints",
    )


def tuned_llama(weights: Path, folder: Path) -> Path:
    """Tune a tiny model on the instruction set of this module until it knows it by heart, with one thread."""
    training = Training(
        epochs=60, learning_rate=1e-2, batch_size=7, device_batch_size=7, precision="fp32", batching="prefix"
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    finetune(fine_tuning(weights, folder, training))
    torch.set_num_threads(threads)
    return folder / "model"


@pytest.fixture(scope="session")
def untuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with random weights."""
    return write_tiny_llama(tmp_path_factory.mktemp("untuned"))


@pytest.fixture(scope="session")
def tuned(untuned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model that knows the instruction set of this module."""
    return tuned_llama(untuned, tmp_path_factory.mktemp("tuned"))


def write_tiny_llama(folder: Path, seed: int = 0, positions: int = 512) -> Path:
    """Save a random model of about 60,000 weights and a byte-level tokenizer whose padding token is its end token."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([INSTRUCTION, TEMPLATE] + [row.input for row in INSTANCES], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>", pad_token="<|end|>")
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=positions,
            tie_word_embeddings=True,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=None,
            bos_token_id=None,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def sentencepiece_tokenizer() -> PreTrainedTokenizerFast:
    """SentencePiece as LLaMA's: a space before the text, bytes for what has no piece."""
    letters = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    letters += ["▁", "a", "b", "▁a", "ab", "▁ab", "<", "mark", ">", "/", "▁<", "<mark>", "</mark>"]
    bpe = models.BPE({letter: number for number, letter in enumerate(letters)}, [], byte_fallback=True)
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.Metaspace(), decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>")


def write_sentencepiece(source: Path) -> Path:
    """Replace the tokenizer of a folder by a SentencePiece model, as LLaMA's first releases have it."""
    (source / "text.txt").write_text("\n".join([*TEMPLATE.splitlines(), *(row.input for row in INSTANCES * 5)]))
    for path in source.glob("tokenizer*"):
        path.unlink()
    SentencePieceTrainer.train(
        input=str(source / "text.txt"),
        model_prefix=str(source / "tokenizer"),
        model_type="bpe",
        vocab_size=380,
        byte_fallback=True,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True}
    write_json(source / "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", **special})
    return source


def write_qwen3(folder: Path) -> Path:
    """Save a random Qwen3 with the tokenizer of the tiny LLaMA, which is byte-level as its own."""
    write_tiny_llama(folder)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=12,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=None,
        bos_token_id=None,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder
