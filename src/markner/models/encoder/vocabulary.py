"""Train an encoder without the embedding rows that the data do not use.

Half of a small encoder's weights, and a fifth of BERT's, are embeddings of word pieces, and a corpus uses few of them.
An unused row gets no gradient, so AdamW only decays it, by the same factor for all rows in a step. Here unused rows are
removed during the training and decayed once at the end. The weights are the same up to rounding of that product, and
the optimizer saves their cost in each step.
"""

from collections.abc import Iterable

import torch
from transformers import PreTrainedModel


class UsedEmbedding(torch.nn.Embedding):
    """The used rows of an embedding, indexed as in the whole embedding."""

    def __init__(self, whole: torch.nn.Embedding, used: torch.Tensor) -> None:
        padding = whole.padding_idx
        inside = None if padding is None else int((used == padding).nonzero().item())
        rows = whole.weight.detach()[used].clone()
        super().__init__(rows.shape[0], rows.shape[1], padding_idx=inside, _weight=rows)
        places = torch.full((whole.num_embeddings,), whole.num_embeddings, device=used.device)
        places[used] = torch.arange(len(used), device=used.device)
        self.places: torch.Tensor
        self.register_buffer("places", places, persistent=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of word pieces. An unused piece is an IndexError (CPU) or a failed assertion (GPU)."""
        return super().forward(self.places[ids])


class UsedVocabulary:
    """A model whose embedding contains only the used word pieces until `restore`."""

    def __init__(self, model: PreTrainedModel, ids: Iterable[int]) -> None:
        """Remove the rows that are not in `ids`, except padding. Embeddings of other classes are not changed."""
        self._model = model
        whole = model.get_input_embeddings()
        self._whole = whole if type(whole) is torch.nn.Embedding else None
        if self._whole is not None:
            padding = [] if self._whole.padding_idx is None else [self._whole.padding_idx]
            self._used = torch.tensor(sorted({*ids, *padding}), device=self._whole.weight.device)
            self._part = UsedEmbedding(self._whole, self._used)
            model.set_input_embeddings(self._part)

    def restore(self, decay: float) -> None:
        """Put the trained rows back. `decay` is the factor by which all steps decayed a weight without a gradient."""
        if self._whole is None:
            return
        with torch.no_grad():
            self._whole.weight.mul_(decay).index_copy_(0, self._used, self._part.weight)
        self._model.set_input_embeddings(self._whole)
