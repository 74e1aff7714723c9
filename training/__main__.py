"""`python -m training`: lines are drawn, and the recogniser's weights are trained on with them.

python -m training draw LINES --count 1000 --seed 1     in as many processes as there are processors, each its seed
python -m training train LINES --minutes 60 --base extractors/models/trained.onnx --out trained.onnx
python -m training mix ONE.onnx OTHER.onnx --share 0.7 --out trained.onnx
python -m training measure LINES --weights trained.onnx
"""

from __future__ import annotations

import pickle
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from extractors.inference import EXACT, quick, symbols
from extractors.weights import RECOGNISER, weights_file

OUT = Console()
STAMPS, WRITTEN = 0.28, 0.52  # shares of what is drawn; the rest is print
BATCH = 28  # lines
STEP_PX = 8  # of a line at height 48 stand for one step
NEGATIVES = 3000  # classes besides a batch's own that its texts are told from
RATE, WARM = 2.5e-4, 150  # of learning; steps until it is reached
FROZEN = 0.3  # of the weights, the first ones: strokes are strokes
BEARABLE = 4.0  # loss a symbol: beyond it a line's loss counts by its logarithm, for what is hidden cannot be learnt
AVERAGED = 0.999  # of the weights' running mean, which is what is kept
OTHERS = 0.9  # as often as a stamp is a line taken that is none
WIDEST = 800  # px: what is wider costs much and shows nothing else

Line = tuple[NDArray[np.uint8], str, str]  # (48, width) or (48, width, 3); text; kind
app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def draw(
    folder: Path, count: Annotated[int, typer.Option(min=1)] = 1000, seed: Annotated[int, typer.Option(min=0)] = 1
) -> None:
    """Draw lines into a new file of the folder."""
    from training import faces, stamps, writing

    faces.load()
    chance, numbers = Random(seed), np.random.default_rng(seed)
    lines: list[Line] = []
    while len(lines) < count:
        share = chance.random()
        if share < STAMPS:
            try:
                lines.append((*stamps.example(chance, numbers), "stamp"))
            except ValueError:
                continue
        else:
            hand = share < STAMPS + WRITTEN
            drawn = writing.written(chance, numbers) if hand else writing.printed(chance, numbers)
            if drawn is not None:
                lines.append((*drawn, "hand" if hand else "print"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{seed:06d}.pickle").write_bytes(pickle.dumps(lines))
    OUT.print(f"{count} lines")


@app.command()
def train(
    folder: Path,
    minutes: Annotated[float, typer.Option(min=0)] = 60,
    base: Annotated[Path | None, typer.Option(help="The weights to begin with; default: as they come.")] = None,
    out: Path = Path("trained.onnx"),
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Train the recogniser's weights on, all but its classes: characters that no line shows stay where they are."""
    import torch
    from torch.nn import functional

    from training.network import Network

    torch.set_num_threads(threads)
    torch.manual_seed(5)
    network, classes = Network(base or weights_file(RECOGNISER)), _classes()
    learnt = _learnt(network)
    mean = {name: value.detach().clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.AdamW(learnt, lr=RATE, betas=(0.9, 0.99), weight_decay=1e-4)
    began, step, running = time.monotonic(), 0, 0.0
    for batch in _batches([line for line in _read(folder) if _fits(line, classes)]):
        done = (time.monotonic() - began) / (60 * minutes)
        if done >= 1:
            break
        rate = RATE * min(1.0, (step + 1) / WARM) * (0.02 + 0.49 * (1 + np.cos(np.pi * done)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        own = torch.tensor(sorted({classes[c] for _, text, _ in batch for c in text}))
        keep = torch.unique(torch.cat([torch.tensor([0]), own, torch.randint(1, len(classes), (NEGATIVES,))]))
        place = {int(number): n for n, number in enumerate(keep)}
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=quick() != EXACT):
            logits = network(_stacked([image for image, _, _ in batch]), keep)
        said = logits.float().log_softmax(2).transpose(0, 1)
        targets = torch.tensor([place[classes[c]] for _, text, _ in batch for c in text])
        lengths = torch.tensor([len(text) for _, text, _ in batch])
        steps = torch.tensor([min(len(said), image.shape[1] // STEP_PX + 1) for image, _, _ in batch])
        losses = functional.ctc_loss(said, targets, steps, lengths, reduction="none", zero_infinity=True) / lengths
        far = BEARABLE * (torch.log(losses.clamp(min=1e-6) / BEARABLE) + 1)
        loss = torch.where(losses > BEARABLE, far, losses).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 3.0)
        optimiser.step()
        kept = min(AVERAGED, (step + 1) / (step + 20))
        for name, value in network.state_dict().items():
            mean[name].mul_(kept).add_(value, alpha=1 - kept)
        running = 0.98 * running + 0.02 * loss.item() if step else loss.item()
        step += 1
        if step % 100 == 0:
            OUT.print(f"{step} steps, loss {running:.3f}")
    network.load_state_dict(mean)
    network.save(out)
    OUT.print(f"{out} after {step} steps")


@app.command()
def mix(
    one: Path, other: Path, share: Annotated[float, typer.Option(min=0, max=1)] = 0.5, out: Path = Path("mixed.onnx")
) -> None:
    """The mean of two sets of weights, `share` of the other's (Wortsman et al. 2022, model soups)."""
    from training.network import Network

    mixed, weights = Network(one), Network(other).state_dict()
    mixed.load_state_dict({name: value.lerp(weights[name], share) for name, value in mixed.state_dict().items()})
    mixed.save(out)
    OUT.print(f"{out}")


@app.command()
def measure(folder: Path, weights: Path | None = None, threads: Annotated[int, typer.Option(min=1)] = 2) -> None:
    """How many lines of each kind are read exactly; by the weights as they come, or by others."""
    import torch

    from training.network import Network

    torch.set_num_threads(threads)
    network, alphabet = Network(weights or weights_file(RECOGNISER)), symbols(RECOGNISER)
    right: defaultdict[str, list[bool]] = defaultdict(list)
    with torch.no_grad():
        for image, text, kind in _read(folder):
            best = network(_stacked([image]))[0].argmax(1).tolist()
            read = "".join(alphabet[b] for a, b in zip([0, *best], best, strict=False) if b and a != b)
            right[kind].append(read.replace(" ", "") == text)
    for kind, found in sorted(right.items()):
        OUT.print(f"{kind}: {sum(found)} of {len(found)}")


def _classes() -> dict[str, int]:
    return {symbol: number for number, symbol in enumerate(symbols(RECOGNISER))}


def _read(folder: Path) -> Iterator[Line]:
    for path in sorted(folder.glob("*.pickle")):
        yield from pickle.loads(path.read_bytes())


def _fits(line: Line, classes: dict[str, int]) -> bool:
    """Whether a line has room for its text, equal neighbours parted, and not much more; all characters are known."""
    image, text, _ = line
    doubled = sum(a == b for a, b in pairwise(text))
    return classes.keys() >= set(text) and STEP_PX * (len(text) + doubled + 1) <= image.shape[1] <= WIDEST


def _learnt(network: Any) -> list[Any]:
    ordered = network.in_order()
    head = {id(network.weight(name)) for name in network.head}
    learnt = [weight for weight in ordered[int(FROZEN * len(ordered)) :] if id(weight) not in head]
    chosen = {id(weight) for weight in learnt}
    for weight in network.parameters():
        weight.requires_grad_(id(weight) in chosen)
    return learnt


def _batches(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines of like widths, those that were seen least first, each a little different each time."""
    chance, numbers = Random(5), np.random.default_rng(5)
    seen = [0] * len(lines)
    while True:
        drawn = chance.sample(range(len(lines)), min(len(lines), 9 * BATCH))
        drawn = [n for n in drawn if lines[n][2] == "stamp" or chance.random() < OTHERS]
        drawn = sorted(drawn, key=lambda n: (seen[n], chance.random()))[: 3 * BATCH]
        drawn.sort(key=lambda n: lines[n][0].shape[1])
        first = chance.randrange(3) * BATCH
        batch = drawn[first : first + BATCH] or drawn[:BATCH]
        for n in batch:
            seen[n] += 1
        yield [_varied(lines[n], numbers) for n in batch]


def _varied(line: Line, numbers: np.random.Generator) -> Line:
    """Wider or narrower, paler or darker, softer, with grain, a little higher or lower."""
    import cv2

    image, text, kind = line
    width = max(STEP_PX * (len(text) + 2), int(image.shape[1] * numbers.uniform(0.9, 1.1)))
    varied = np.asarray(cv2.resize(image, (width, image.shape[0])), np.float32)
    varied = (varied - 255) * numbers.uniform(0.8, 1.15) + 255 - numbers.uniform(0, 25)
    if numbers.random() < 0.3:
        varied = np.asarray(cv2.GaussianBlur(varied, (0, 0), float(numbers.uniform(0.3, 0.9))), np.float32)
    grain = numbers.standard_normal((*varied.shape[:2], *(1,) * (varied.ndim - 2)), np.float32)
    varied = varied + grain * numbers.uniform(0, 6)
    if numbers.random() < 0.5:
        varied = np.roll(varied, int(numbers.integers(-2, 3)), axis=0)
    return np.clip(varied, 0, 255).astype(np.uint8), text, kind


def _stacked(images: Sequence[NDArray[np.uint8]]) -> Any:
    """As the network takes them: -1 to 1, grey beyond their ends."""
    import torch

    width = -(-max(image.shape[1] for image in images) // 16) * 16
    lines = torch.zeros(len(images), 3, images[0].shape[0], width)
    for n, image in enumerate(images):
        coloured = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, 2)
        lines[n, :, :, : image.shape[1]] = torch.from_numpy(coloured.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1)
    return lines.to(memory_format=torch.channels_last)


if __name__ == "__main__":
    app()
