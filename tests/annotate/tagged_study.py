"""A study with one trained run: a real BERT of random weights, small enough to tag a thousand abstracts in seconds."""

import json
from pathlib import Path

import torch
import yaml
from transformers import BertConfig, BertForTokenClassification, BertTokenizer

from markner.study.schema.annotations import Tagger

POINT = {"learning_rate": 0.001, "max_length": 64, "batch_size": 8, "dropout": 0.1}
NAME = "lr0.001_len64_bs8_drop0.1"
TAGGER = Tagger(run="tiny", seed=1, system="encoder", folder="models/tiny/seed1", instructions={"disease": ""})


def write_tiny_study(folder: Path) -> Path:
    """Write study.yaml and the trained run under results/tiny; returns the folder of the results."""
    results = folder / "results" / "tiny"
    run = results / "models" / "tiny" / "seed1"
    model = run / "grid" / NAME / "model"
    torch.manual_seed(5)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,()-"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,
        id2label={0: "O", 1: "B", 2: "I"},
        label2id={"O": 0, "B": 1, "I": 2},
    )
    BertForTokenClassification(config).save_pretrained(model)
    BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}).save_pretrained(model)
    chosen = {"selected": NAME, "points": [{"name": NAME, "folder": NAME, **POINT}]}
    (run / "selection.json").write_text(json.dumps(chosen), encoding="utf-8")
    iob = {"format": "iob", "train": "none.tsv", "dev": "none.tsv", "test": "none.tsv"}
    study = {
        "study": "tiny",
        "corpora": {"c": {"entity": "disease", "variant": "tokenized", "tokenized": iob}},
        "models": {"m": {"source": "folder", "path": "none"}},
        "runs": {
            "tiny": {
                "system": "encoder",
                "model": "m",
                "corpus": "c",
                "grid": {key: [value] for key, value in POINT.items()},
                "evaluate": ["c"],
            }
        },
        "annotations": {"own": {"files": ["texts"], "runs": [{"run": "tiny"}], "output": "brat"}},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return results
