"""Pre-train the encoder of the joint model on unlabelled news: guess masked characters from what stands around them.

    python -m pipeline.training.joint.pretrain --stream out/train/stream --out out/train/encoder.npz

Runs of one to four characters are masked (BERT's objective with spans, Joshi et al. 2020), and with them every
lexicon word that touches them. Everything is computed in bfloat16 with master weights in single precision: on a CPU
with matrix instructions for it, one core does 17,000 to 19,000 characters a second. The last layer is worked out at the
masked places alone. The run is cut into steps of
fixed size from a fixed seed, and goes on from its last checkpoint when it is started again.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.components.joint_features import MASK, PAD, SLOTS, SPECIALS, Features, Ints
from pipeline.training.joint.data import ABSENT
from pipeline.training.joint.net import LENGTH, Encoder, Shape

log = logging.getLogger(__name__)

SEED = 1998
SEQUENCES = 32
STEPS = 11_500
RATE = 1.5e-3
WARM_UP = 300
# Lengths of masked runs, drawn evenly; a start falls on this share of the characters, so that about 18 % are masked.
RUN_LENGTHS = np.array((1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 4))
START_SHARE = 0.10
# Of the masked characters this share is shown as MASK, and this as another one drawn at random; the rest stays.
MASK_SHARE, RANDOM_SHARE = 0.85, 0.08
CHECKPOINT_STEPS = 500
# Parameters that Muon steps, by the ends of their names; its rate beside AdamW's, and the decay of both.
INNER = ("attention_in.weight", "attention_out.weight", "inner_in.weight", "inner_out.weight", "dense.weight",
         "word_in.weight")  # fmt: skip
MUON_RATE, MUON_DECAY, ADAM_DECAY = 3.5, 0.05, 0.01
# What the optimizers remember of a parameter: Muon the first, AdamW the others.
MOMENTS = ("momentum_buffer", "exp_avg", "exp_avg_sq")


class Guesses(NamedTuple):
    """Hold a batch: what the encoder sees, the places of each sequence that were masked, and what stood there.

    ``where`` and ``wanted`` have shape (sequences, places); a sequence with fewer masked places is filled up with the
    place 0 and ABSENT.
    """

    chars: Tensor
    words: Tensor
    where: Tensor
    wanted: Tensor


class MaskedModel(nn.Module):
    """Guess the masked characters; the output weights are the character vectors."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        width = encoder.shape.width
        self.encoder = encoder
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(encoder.shape.characters))

    def forward(self, batch: Guesses) -> Tensor:
        """Compute the mean cross-entropy of the masked characters, in nats."""
        vectors = self.encoder(batch.chars, batch.words, padded=False, at=batch.where)
        known = batch.wanted != ABSENT
        masked = self.norm(functional.relu(self.dense(vectors[known])))
        scores = masked @ self.encoder.characters.weight.t() + self.bias
        return functional.cross_entropy(scores.float(), batch.wanted[known])


class MasterWeights:
    """Step single-precision copies of a bfloat16 model's parameters.

    Matrices between layers go by Muon (Jordan 2024: the step is the nearest orthogonal matrix to the momentum), which
    needs about half the steps of AdamW; tables, biases and heads by AdamW. A step's rate is AdamW's; Muon's
    is ``muon_rate`` times it, in steps of AdamW's usual size (Liu et al. 2025, arXiv 2502.16982).
    """

    def __init__(self, parameters: Iterable[tuple[str, nn.Parameter]], *, muon_rate: float) -> None:
        self.muon_rate = muon_rate
        named = list(parameters)
        self.parameters = [parameter for _, parameter in named]
        self.masters = [parameter.detach().float().clone() for parameter in self.parameters]
        inner = [name.endswith(INNER) for name, _ in named]
        self.matrices = [master for master, is_inner in zip(self.masters, inner, strict=True) if is_inner]
        others = [master for master, is_inner in zip(self.masters, inner, strict=True) if not is_inner]
        self.adam = torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=ADAM_DECAY, fused=True)
        self.muon = torch.optim.Muon(self.matrices, weight_decay=MUON_DECAY, adjust_lr_fn="match_rms_adamw")

    def step(self, rate: float) -> None:
        """Move the parameters along their gradients, clipped to norm 1, and forget these."""
        self.adam.param_groups[0]["lr"] = rate
        self.muon.param_groups[0]["lr"] = rate * self.muon_rate
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            master.grad = None if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
        nn.utils.clip_grad_norm_(self.masters, 1.0)
        self.adam.step()
        self.muon.step()
        self.load(self.masters)

    def load(self, values: Iterable[Tensor]) -> None:
        """Put values into the model's parameters, the masters' or others."""
        with torch.no_grad():
            for parameter, value in zip(self.parameters, values, strict=True):
                parameter.copy_(value)


def rate_at(step: int, steps: int, *, peak: float = RATE, warm_up: int = WARM_UP) -> float:
    """Give the learning rate of a step: up in a straight line, then down in one to a hundredth."""
    return peak * min(1.0, (step + 1) / warm_up) * max(0.01, 1 - step / steps)


def mask(ids: Ints, features: Features, rng: np.random.Generator) -> Guesses:
    """Mask runs of a batch of sequences, shape (SEQUENCES, LENGTH), and look up what lexicon words are left."""
    starts = rng.integers(0, ids.size, int(ids.size * START_SHARE))
    lengths = rng.choice(RUN_LENGTHS, len(starts))
    chosen = np.zeros(ids.size, bool)
    for offset in range(RUN_LENGTHS.max()):
        at = starts[lengths > offset] + offset
        chosen[at[at < ids.size]] = True
    seen = ids.reshape(-1).copy()
    chosen &= seen >= SPECIALS
    where = np.flatnonzero(chosen)
    wanted = seen[where].copy()
    draw = rng.random(len(where))
    seen[where[draw < MASK_SHARE]] = MASK
    other = where[(draw >= MASK_SHARE) & (draw < MASK_SHARE + RANDOM_SHARE)]
    seen[other] = rng.integers(SPECIALS, features.size, len(other))
    chars = seen.reshape(ids.shape)
    row, column = np.divmod(where, ids.shape[1])
    counts = np.bincount(row, minlength=len(ids))
    order = np.arange(len(where)) - np.repeat(np.cumsum(counts) - counts, counts)
    places = np.zeros((len(ids), counts.max()), np.int64)
    hidden = np.full(places.shape, ABSENT, np.int64)
    places[row, order], hidden[row, order] = column, wanted
    return Guesses(
        torch.from_numpy(chars).long(),
        torch.from_numpy(lexicon(chars, features)).long(),
        torch.from_numpy(places),
        torch.from_numpy(hidden),
    )


def lexicon(chars: Ints, features: Features) -> Ints:
    """Look up the lexicon words of a batch of sequences: shape (sequences, characters, SLOTS)."""
    parted = np.pad(chars, ((0, 0), (0, 1)), constant_values=PAD)
    return np.ascontiguousarray(features.lexicon(parted.reshape(-1)).reshape(*parted.shape, SLOTS)[:, :-1])


def pretrain(folder: Path, out: Path, *, steps: int, seed: int) -> None:
    """Train for a number of steps, or go on to it, and write the encoder's weights to ``out`` (npz)."""
    features = Features.load(folder)
    stream = np.load(folder / "stream.npy", mmap_mode="r")
    torch.manual_seed(seed)
    encoder = Encoder(Shape(characters=features.size, words=len(features.words)))
    with torch.no_grad():
        encoder.words.weight.copy_(torch.from_numpy(np.load(folder / "vectors.npy")))
    model = MaskedModel(encoder).bfloat16()
    weights = MasterWeights(model.named_parameters(), muon_rate=MUON_RATE)
    checkpoint = out.with_suffix(".checkpoint.npz")
    first = restore(weights, checkpoint) if checkpoint.is_file() else 0
    order = np.random.default_rng(seed).permutation(len(stream) // LENGTH - 1) * LENGTH
    loss_sum, start = 0.0, time.time()
    for step in range(first, steps):
        at = order[np.arange(step * SEQUENCES, (step + 1) * SEQUENCES) % len(order)]
        ids = np.stack([stream[low : low + LENGTH] for low in at]).astype(np.int32)
        loss = model(mask(ids, features, np.random.default_rng((seed, step))))
        loss.backward()
        weights.step(rate_at(step, steps))
        loss_sum += loss.item()
        if (step + 1) % 100 == 0:
            rate = 100 * SEQUENCES * LENGTH / (time.time() - start)
            log.info("step %d: loss %.3f, %.0f characters/s", step + 1, loss_sum / 100, rate)
            loss_sum, start = 0.0, time.time()
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == steps:
            save(weights, checkpoint, step + 1)
            write_weights(encoder, dict(zip(model.parameters(), weights.masters, strict=True)), out)


def write_weights(module: nn.Module, masters: dict[nn.Parameter, Tensor], path: Path) -> None:
    """Write the master weights of a module's parameters under their names (npz)."""
    arrays = {name: masters[parameter].numpy() for name, parameter in module.named_parameters()}
    np.savez(path, allow_pickle=False, **arrays)


def save(weights: MasterWeights, path: Path, step: int) -> None:
    """Write what a run needs to go on: weights, the optimizers' moments, the number of steps done."""
    arrays: dict[str, NDArray[Any]] = {"step": np.array(step)}
    for number, master in enumerate(weights.masters):
        arrays[f"w{number}"] = master.numpy()
        state = weights.muon.state[master] if master in weights.muon.state else weights.adam.state[master]
        arrays |= {f"{name}{number}": state[name].numpy() for name in MOMENTS if name in state}
    np.savez(path, allow_pickle=False, **arrays)


def restore(weights: MasterWeights, path: Path) -> int:
    """Read a checkpoint back; return the number of steps done."""
    with np.load(path) as arrays, torch.no_grad():
        step = int(arrays["step"])
        for number, (parameter, master) in enumerate(zip(weights.parameters, weights.masters, strict=True)):
            master.copy_(torch.from_numpy(arrays[f"w{number}"]))
            parameter.copy_(master)
            state = {
                name: torch.from_numpy(arrays[f"{name}{number}"]) for name in MOMENTS if f"{name}{number}" in arrays
            }
            if MOMENTS[0] in state:
                weights.muon.state[master] = state
            else:
                weights.adam.state[master] = {"step": torch.tensor(float(step)), **state}
    return step


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Pre-train the encoder of the joint model.")
    parser.add_argument("--stream", type=Path, required=True, help="folder made by pipeline.training.joint.lexicon")
    parser.add_argument("--out", type=Path, required=True, help="file to write, .npz")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of {SEQUENCES} x {LENGTH} characters")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    pretrain(options.stream, options.out, steps=options.steps, seed=options.seed)


if __name__ == "__main__":
    main()
