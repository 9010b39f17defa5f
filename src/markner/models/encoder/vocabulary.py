"""Training without the rows of the embedding that no sentence asks for.

Half of a small encoder's weights, and a fifth of BERT's, are embeddings of word pieces, most of which a corpus does not
hold. Such a row gets no gradient, so that AdamW does nothing to it but decay it, in each step by the same factor for
all. It is left out of the training and decayed once at the end: the same weights up to the rounding of that product,
without what the optimizer would spend on them in each step.
"""

from collections.abc import Iterable

import torch
from transformers import PreTrainedModel


class UsedEmbedding(torch.nn.Embedding):
    """The rows of an embedding that are used, asked for by the numbers that they have in the whole one."""

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
        """Embeddings of word pieces. One that is not used is an IndexError on a CPU, an assertion on a GPU."""
        return super().forward(self.places[ids])


class UsedVocabulary:
    """A model whose embedding holds the used word pieces alone until `restore`."""

    def __init__(self, model: PreTrainedModel, ids: Iterable[int]) -> None:
        """Take out the rows that are not among `ids`; the padding's stays. Embeddings of other kinds stay whole."""
        self._model = model
        whole = model.get_input_embeddings()
        self._whole = whole if type(whole) is torch.nn.Embedding else None
        if self._whole is not None:
            padding = [] if self._whole.padding_idx is None else [self._whole.padding_idx]
            self._used = torch.tensor(sorted({*ids, *padding}), device=self._whole.weight.device)
            self._part = UsedEmbedding(self._whole, self._used)
            model.set_input_embeddings(self._part)

    def restore(self, decay: float) -> None:
        """Put the trained rows back among the others.

        Args:
            decay: What weight decay left of a weight without a gradient, over all steps.
        """
        if self._whole is None:
            return
        with torch.no_grad():
            self._whole.weight.mul_(decay).index_copy_(0, self._used, self._part.weight)
        self._model.set_input_embeddings(self._whole)
