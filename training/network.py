"""The tagger while it learns: a convolution over word forms, a scorer of tags for each guideline, a CRF on top.

All below the first convolution depends on a word form alone, so that at run time it is looked up. The corpora's
guidelines differ: one scorer for both costs each of them; the house style is the mean of the two.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from encoding import Batch, Encoder
from protoparse.concepts.forms import BUCKETS, SHAPES, Form


class Network(nn.Module):
    """Word forms and gazetteer classes to scores of tags, `heads` times."""

    def __init__(self, encoder: Encoder, *, width: int, heads: int, drop: float) -> None:
        super().__init__()
        tags = len(encoder.tags)
        self.word = nn.Embedding(len(encoder.words), width)
        self.group = nn.EmbeddingBag(BUCKETS, width, mode="mean")
        self.shape = nn.Embedding(SHAPES, width)
        self.norm = nn.LayerNorm(width)
        self.gazetteer = nn.Embedding(len(encoder.classes), width)
        self.first = nn.Conv1d(width, width, 5, padding=2)
        self.first_class = nn.Conv1d(width, width, 5, padding=2, bias=False)
        self.second = nn.Conv1d(width, width, 3, padding=1)
        self.drop = nn.Dropout(drop)
        self.heads = nn.ModuleList([nn.Linear(width, tags) for _ in range(heads)])
        self.moves = nn.ParameterList([nn.Parameter(torch.zeros(tags, tags)) for _ in range(heads)])
        self.guess = nn.Linear(width, len(encoder.words))
        self.masked = nn.Parameter(torch.randn(width) * 0.1)
        for table in (self.word, self.shape, self.gazetteer):
            nn.init.normal_(table.weight, std=0.1)
        nn.init.normal_(self.group.weight, std=0.3)

    def forms(self, rows: Tensor, forms: Sequence[Form], forget: float = 0.0) -> Tensor:
        """The vectors of forms, (…, width); a share of the words is forgotten, so that their letters are learned."""
        unique, back = torch.unique(rows, return_inverse=True)
        own = [forms[k] for k in unique.tolist()]
        words = torch.tensor([f.word for f in own])
        if forget:
            words = torch.where(torch.rand(len(own)) < forget, 0, words)
        lengths = torch.tensor([0, *(len(f.groups) for f in own[:-1])])
        groups = torch.tensor([g for f in own for g in f.groups])
        vectors = (
            self.word(words) + self.group(groups, lengths.cumsum(0)) + self.shape(torch.tensor([f.shape for f in own]))
        )
        return self.norm(vectors)[back]

    def body(self, forms: Tensor, batch: Batch, hidden: Tensor | None = None) -> Tensor:
        """Vectors of words in their context, (pieces, words, width); those `hidden` show nothing of themselves."""
        classes = batch.classes
        if hidden is not None:
            forms = torch.where(hidden[..., None], self.masked, forms)
            classes = classes.masked_fill(hidden, 0)
        here = batch.inside[..., None].float()
        words = (self.drop(forms) * here).transpose(1, 2)
        known = (self.drop(self.gazetteer(classes)) * here).transpose(1, 2)
        one = torch.relu(self.first(words) + self.first_class(known)).transpose(1, 2) * here
        two = torch.relu(self.second(self.drop(one).transpose(1, 2))).transpose(1, 2)
        return one + two

    def loss(self, head: int, context: Tensor, batch: Batch) -> Tensor:
        """The negative log likelihood of the tags, by head."""
        return crf(self.heads[head](self.drop(context)), self.moves[head], batch)


def crf(scores: Tensor, moves: Tensor, batch: Batch) -> Tensor:
    """The mean negative log likelihood of sequences of tags."""
    tags, inside = batch.tags, batch.inside
    told = (scores.gather(2, tags[..., None]).squeeze(2) * inside).sum(1)
    told = told + (moves[tags[:, :-1], tags[:, 1:]] * inside[:, 1:]).sum(1)
    alpha = scores[:, 0]
    for k in range(1, scores.shape[1]):
        step = torch.logsumexp(alpha[:, :, None] + moves[None], 1) + scores[:, k]
        alpha = torch.where(inside[:, k, None], step, alpha)
    return (torch.logsumexp(alpha, 1) - told).mean()
