"""The joint network in PyTorch: a small transformer over characters and lexicon words, with a head for each task.

Only training imports this module; at run time the exported graph is read by onnxruntime.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.components.joint_features import BEGIN_SLOTS, INSIDE_SLOTS, PAD
from pipeline.training.joint import WORD_WIDTH

# Longest sequence, in characters.
LENGTH = 128


@dataclass(frozen=True, slots=True)
class Shape:
    """Hold the sizes of a network."""

    characters: int
    words: int
    width: int = 256
    word_width: int = WORD_WIDTH
    inner: int = 768
    layers: int = 3
    heads: int = 4


class Layer(nn.Module):
    """Attend, then transform each place; normalised before each step (Xiong et al. 2020)."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention_in = nn.Linear(shape.width, 3 * shape.width)
        self.attention_out = nn.Linear(shape.width, shape.width)
        self.inner_norm = nn.LayerNorm(shape.width)
        self.inner_in = nn.Linear(shape.width, shape.inner)
        self.inner_out = nn.Linear(shape.inner, shape.width)
        self.dropout = dropout

    def forward(self, x: Tensor, mask: Tensor | None, at: Tensor | None = None) -> Tensor:
        """Map (sentences, characters, width) to the same; ``mask`` is added to the attention scores.

        With ``at``, shape (sentences, places), only these places are worked out: (sentences, places, width).
        """
        batch, length, width = x.shape
        normed = self.attention_norm(x)
        if at is None:
            joined = self.attention_in(normed).view(batch, length, 3, self.heads, width // self.heads)
            query, key, value = joined.permute(2, 0, 3, 1, 4)
        else:
            rows = torch.arange(batch)[:, None]
            weight, bias = self.attention_in.weight, self.attention_in.bias
            joined = functional.linear(normed, weight[width:], bias[width:])
            key, value = joined.view(batch, length, 2, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
            x, length = x[rows, at], at.shape[1]
            query = functional.linear(normed[rows, at], weight[:width], bias[:width])
            query = query.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
        # Written out: the backward pass of torch's fused attention took a third of a step's time on a CPU.
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
        seen = functional.softmax(scores if mask is None else scores + mask, -1) @ value
        seen = self.attention_out(seen.transpose(1, 2).reshape(batch, length, width))
        x = x + functional.dropout(seen, self.dropout, self.training)
        inner = self.inner_out(functional.relu(self.inner_in(self.inner_norm(x))))
        return x + functional.dropout(inner, self.dropout, self.training)


class Encoder(nn.Module):
    """Map characters and lexicon words to a vector a character, in context."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.characters = nn.Embedding(shape.characters, shape.width, padding_idx=PAD)
        self.words = nn.Embedding(shape.words + 1, shape.word_width, padding_idx=0)
        self.places = nn.Embedding(LENGTH, shape.width)
        self.word_in = nn.Linear(3 * shape.word_width, shape.width)
        self.norm_in = nn.LayerNorm(shape.width)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.norm_out = nn.LayerNorm(shape.width)
        self.dropout = dropout
        for embedding in (self.characters, self.words, self.places):
            nn.init.normal_(embedding.weight, std=0.02 * 2)

    def forward(self, chars: Tensor, words: Tensor, *, padded: bool = True, at: Tensor | None = None) -> Tensor:
        """Map (sentences, characters) and (sentences, characters, SLOTS) to (sentences, characters, width).

        With ``at``, shape (sentences, places), the last layer gives these places alone: (sentences, places, width).
        """
        x = self.characters(chars) + self.places.weight[: chars.shape[1]] + self.word_in(self.word_vectors(words))
        x = functional.dropout(self.norm_in(x), self.dropout, self.training)
        mask = None
        if padded:
            mask = torch.zeros(chars.shape, dtype=x.dtype).masked_fill(chars == PAD, -1e4)[:, None, None, :]
        for layer in self.layers[:-1]:
            x = layer(x, mask)
        x = self.layers[-1](x, mask, at)
        out: Tensor = self.norm_out(x)
        return out

    def word_vectors(self, words: Tensor) -> Tensor:
        """Add up the vectors of the words that begin, go on, and end here, over the root of their number."""
        vectors = self.words(words)
        counts = (words > 0).to(vectors.dtype)
        parts = []
        for low, high in slot_groups():
            count = counts[..., low:high].sum(-1, keepdim=True).clamp(min=1)
            parts.append(vectors[..., low:high, :].sum(-2) * count.rsqrt())
        return torch.cat(parts, -1)


def slot_groups() -> tuple[tuple[int, int], ...]:
    """List the slots of words that begin at a character, hold it inside, and end with it."""
    ends = BEGIN_SLOTS + INSIDE_SLOTS
    return ((0, BEGIN_SLOTS), (BEGIN_SLOTS, ends), (ends, ends + BEGIN_SLOTS))
