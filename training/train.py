"""Train the tagger of `protoparse.concepts`, and say how well it does on trials that it has not seen.

    python training/train.py --lct FOLDER --chia FOLDER --plain FILE.jsonl [--out FILE] [--seed 1]

The folders hold brat's `.txt` and `.ann` files, the file one JSON object with a `text` a line. First the network
learns to guess hidden words of the plain texts, then the spans of both corpora; the trials of `corpora.held_out` are
left out. Some 15 minutes on two idle cores; the same seed on the same machine gives the same weights.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch

import corpora
from encoding import Encoded, Encoder, batches
from examples import Example, examples
from network import Network
from protoparse.concepts.tagging import Tagger
from protoparse.lexing import lexer

SHIPPED = Path(__file__).parents[1] / "src" / "protoparse" / "concepts" / "model.npz"


def plain(path: Path) -> list[Example]:
    """The different pieces of a file of texts."""
    found: dict[str, Example] = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for piece in examples(json.loads(line)["text"], (), lexer()):
                if len(piece.words) > 2:
                    found.setdefault(" ".join(piece.words), piece)
    return list(found.values())


def guess(network: Network, encoder: Encoder, pieces: Sequence[Encoded], *, passes: float, rng: random.Random) -> None:
    """Learn to guess one word in five."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.01)
    words = torch.tensor([f.word for f in encoder.forms])
    goal, done = int(passes * len(pieces)), 0
    while done < goal:
        for batch in batches(pieces, 128, rng):
            hidden = (torch.rand(batch.forms.shape) < 0.2) & batch.inside & (words[batch.forms] > 0)
            context = network.body(network.forms(batch.forms, encoder.forms), batch, hidden)
            loss = torch.nn.functional.cross_entropy(network.guess(context[hidden]), words[batch.forms[hidden]])
            _step(network, optimizer, loss, 2e-3 * max(0.05, 1 - done / goal))
            done += len(batch.forms)
            if done >= goal:
                break


def fit(
    network: Network, encoder: Encoder, parts: Sequence[Sequence[Encoded]], *, epochs: int, rng: random.Random
) -> None:
    """Learn the spans of several corpora, a head for each; what stays is a running mean of the weights."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.02)
    steps, done = epochs * sum(-(-len(part) // 32) for part in parts), 0
    mean = {name: value.detach().clone() for name, value in network.state_dict().items()}
    for epoch in range(epochs):
        order = [(head, batch) for head, part in enumerate(parts) for batch in batches(part, 32, rng)]
        rng.shuffle(order)
        total = 0.0
        for head, batch in order:
            context = network.body(network.forms(batch.forms, encoder.forms, forget=0.2), batch)
            loss = network.loss(head, context, batch)
            _step(network, optimizer, loss, 2e-3 * min(1, done / 200) * max(0.02, 1 - done / steps))
            done, total = done + 1, total + loss.item()
            share = min(0.998, (1 + done) / (10 + done))
            with torch.no_grad():
                for name, value in network.state_dict().items():
                    mean[name].mul_(share).add_(value, alpha=1 - share)
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(order):.3f}")
    network.load_state_dict(mean)


def _step(network: Network, optimizer: torch.optim.Optimizer, loss: torch.Tensor, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimizer.step()


def weights(network: Network, encoder: Encoder, styles: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
    """The arrays that `Tagger` reads; each style is a mean of the heads, with these shares."""
    state = {name: value.detach().numpy().astype(np.float16) for name, value in network.state_dict().items()}

    def mean(name: str, shares: Sequence[float]) -> np.ndarray:
        parts = [share * state[name.format(head)].astype(np.float32) for head, share in enumerate(shares) if share]
        return np.sum(parts, axis=0).astype(np.float16)

    heads = {"head": "heads.{}.weight", "head_bias": "heads.{}.bias", "moves": "moves.{}"}
    return {
        "words": np.array("\n".join(encoder.words)),
        "classes": np.array("\n".join(encoder.classes)),
        "tags": np.array("\n".join(encoder.tags)),
        "word": state["word.weight"],
        "group": state["group.weight"],
        "shape": state["shape.weight"],
        "scale": state["norm.weight"],
        "shift": state["norm.bias"],
        "gazetteer": state["gazetteer.weight"],
        "first": state["first.weight"],
        "first_bias": state["first.bias"],
        "first_class": state["first_class.weight"],
        "second": state["second.weight"],
        "second_bias": state["second.bias"],
        **{f"{style}.{key}": mean(name, shares) for style, shares in styles.items() for key, name in heads.items()},
    }


def report(title: str, tagger: Tagger, pieces: Sequence[Example]) -> None:
    """Precision, recall and F1 of exact spans, for each label."""
    right, told, true = Counter[str](), Counter[str](), Counter[str]()
    for piece, found in zip(pieces, tagger.tag([(p.words, p.classes) for p in pieces]), strict=True):
        mine, theirs = {tuple(s) for s in found}, set(piece.spans)
        told.update(s[2] for s in mine)
        true.update(s[2] for s in theirs)
        right.update(s[2] for s in mine & theirs)
    print(f"{title:<24}{'exact F1':>10}{'annotated':>11}")
    for label in sorted(true, key=lambda name: -true[name]):
        print(f"  {label:<22}{2 * right[label] / (told[label] + true[label]):>10.3f}{true[label]:>11}")


def main() -> int:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lct", type=Path, required=True, help="the Leaf Clinical Trials corpus")
    options.add_argument("--chia", type=Path, required=True, help="Chia without scope")
    options.add_argument("--plain", type=Path, required=True, help="texts without annotation, one JSON object a line")
    options.add_argument("--out", type=Path, default=SHIPPED)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--width", type=int, default=160)
    options.add_argument("--share", type=float, default=0.45, help="of the first corpus in the house style")
    options.add_argument("--passes", type=float, default=2.0, help="over the plain texts")
    options.add_argument("--epochs", type=int, default=8, help="over the corpora")
    given = options.parse_args()
    begun = time.monotonic()
    rng = random.Random(given.seed)
    torch.manual_seed(given.seed)

    learned: dict[str, list[Example]] = {}
    unseen: dict[str, list[Example]] = {}
    for name, texts in (("lct", corpora.lct(given.lct)), ("chia", corpora.chia(given.chia))):
        for text in texts:
            target = unseen if corpora.held_out(text.trial) else learned
            target.setdefault(name, []).extend(p for p in examples(text.text, text.spans, lexer()) if p.words)
    unlabelled = plain(given.plain)
    encoder = Encoder(chain(unlabelled, *learned.values()))
    parts = [[encoder.encode(p) for p in pieces] for pieces in learned.values()]
    network = Network(encoder, width=given.width, heads=len(parts), drop=0.4)
    network.train()
    guess(network, encoder, [*map(encoder.encode, unlabelled), *chain(*parts)], passes=given.passes, rng=rng)
    print(f"{time.monotonic() - begun:.0f} s: words guessed")
    fit(network, encoder, parts, epochs=given.epochs, rng=rng)
    styles = {"house": (given.share, 1 - given.share), "lct": (1.0, 0.0), "chia": (0.0, 1.0)}
    arrays = weights(network, encoder, styles)
    np.savez_compressed(given.out, **arrays)
    for name in learned:
        for style in (name, "house"):
            report(f"{name}, {style} style", Tagger(arrays, style=style), unseen[name])
    print(f"{time.monotonic() - begun:.0f} s; {given.out}: {given.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
