"""Write candidate sentences for self-instruct: a causal language model continues a list of marked sentences."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from markner.data.synthetic.candidates import Candidate, draw_seed, shown_to, writing_prompt
from markner.files import record_of, record_row, write_records
from markner.models.causal.examples import encode_prompts
from markner.models.checkpoints import fingerprint, resumed_bar, resumed_rows
from markner.models.decoding.generate import continuations, end_tokens
from markner.models.decoding.query import until_end
from markner.models.weights import load_for_decoding, load_tokenizer
from markner.study.schema.self_instruct import Writing


def write(
    model_folder: Path,
    sentences: Path,
    *,
    model_name: str,
    entity: str,
    seed_sentences: int,
    seed: int,
    writing: Writing,
    output: Path,
) -> None:
    """Write candidates, each the next line after a list of seed sentences, which are drawn from a training split.

    Each batch is appended to `<output>.partial`. After an interruption, a call with the same model, sentences and
    settings resumes after the last complete batch, and the output is the same as without the interruption: JSON lines
    of `Candidate`, in the order of their numbers.

    Raises:
        MarknerError: The model cannot be loaded, or the seed contains no mention.
    """
    drawn = draw_seed(sentences, seed_sentences, seed)
    partial = output.with_name(output.name + ".partial")
    settings = [model_name, entity, seed_sentences, seed, writing.model_dump()]
    rows = resumed_rows(partial, fingerprint(settings, [sentences], [model_folder]))
    size = writing.batch_size
    whole = len(rows) if len(rows) == writing.candidates else len(rows) // size * size
    candidates = [record_of(Candidate, row) for row in rows[:whole]]
    if len(candidates) < writing.candidates:
        tokenizer = load_tokenizer(model_folder)
        model = load_for_decoding(model_folder, writing.precision)
        ends = final_tokens(model, tokenizer)
        with (
            partial.open("a", encoding="utf-8") as stream,
            resumed_bar(writing.candidates, whole, "candidate") as bar,
        ):
            for start in range(whole, writing.candidates, size):
                numbers = range(start, min(start + size, writing.candidates))
                shown = [shown_to(number, drawn, writing.examples, seed) for number in numbers]
                prompts = [writing_prompt(writing.request, entity, examples) for examples in shown]
                lines = sample_lines(
                    model, tokenizer, prompts, writing, random.Random(f"{seed}/{start}").getrandbits(63), ends
                )
                batch = [
                    Candidate(number, model_name, seed, tuple(row.id for row in examples), line, finished)
                    for number, examples, (line, finished) in zip(numbers, shown, lines, strict=True)
                ]
                candidates += batch
                stream.writelines(json.dumps(record_row(row), ensure_ascii=False) + "\n" for row in batch)
                stream.flush()
                bar.update(len(batch))
    write_records(output, candidates)
    partial.unlink(missing_ok=True)


def sample_lines(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    writing: Writing,
    seed: int,
    ends: frozenset[int],
) -> Iterator[tuple[str, bool]]:
    """Sample a continuation of each prompt up to the end of its line, and say whether the line ended.

    All prompts are continued together, with one seed. `ends` are the tokens that end a line (`final_tokens`).
    """
    torch.manual_seed(seed)
    with torch.inference_mode():
        rows = continuations(
            model,
            tokenizer,
            encode_prompts(tokenizer, prompts),
            ends,
            do_sample=True,
            temperature=writing.temperature,
            top_p=writing.top_p,
            top_k=0,
            # An empty line is not a sentence.
            min_new_tokens=1,
            max_new_tokens=writing.max_tokens,
        )
    for row in rows:
        tokens = until_end(row, ends, writing.max_tokens)
        text = str(tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))
        yield text.partition("\n")[0], tokens[-1] in ends


def final_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Return the tokens that end a line: end tokens, and tokens that contain a line break. Decodes the vocabulary."""
    return end_tokens(model, tokenizer) | frozenset(
        token
        for token, text in enumerate(tokenizer.batch_decode([[token] for token in range(len(tokenizer))]))
        if "\n" in text
    )
