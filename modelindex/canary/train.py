"""Train the canary: a tiny RegNetY on scikit-learn's scanned digits, and write its weights and held-out images.

    pip install -c ci/constraints.txt '.[test]' && python modelindex/canary/train.py

The files are written to this folder; the same machine and versions give the same bytes. Afterwards, copy the values
that `verify all` measures to the page.
"""

import hashlib
import io
from decimal import Decimal
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.preprocessing import crop, normalise
from harness.zoo.regnet import build

HERE = Path(__file__).parent
MODEL = "regnety_canary"
GEOMETRY = Geometry(image_size=32, crop_pct=Decimal("0.875"), interpolation="bicubic")
HELD_OUT = 50  # images of each class
BRIGHTEST = 16  # of the scans
SEED, EPOCHS, BATCH, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, SHIFT = 0, 5, 64, 0.1, 0.9, 5e-5, 2


def main() -> None:
    """Split the scans, train the network, write weights and images."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    digits = load_digits()
    scans = [Image.fromarray((scan * 255 / BRIGHTEST).astype(np.uint8)) for scan in digits.images]
    held_out = _held_out(digits.target)
    _write_images(scans, digits.target, held_out)
    network = _train(scans, digits.target, held_out)
    state = {build(MODEL).checkpoint_name(name): tensor for name, tensor in network.state_dict().items()}
    stream = io.BytesIO()
    torch.save(state, stream)
    for old in HERE.glob(f"{MODEL}-*.pth"):
        old.unlink()
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    path = HERE / f"{MODEL}-{digest[:8]}.pth"
    path.write_bytes(stream.getvalue())
    print(path.name, len(stream.getvalue()), "bytes")


def _held_out(labels: np.ndarray) -> set[int]:
    """The first images of each class in a seeded order."""
    order = np.random.default_rng(SEED).permutation(len(labels))
    return {int(place) for label in range(10) for place in order[labels[order] == label][:HELD_OUT]}


def _write_images(scans: list[Image.Image], labels: np.ndarray, held_out: set[int]) -> None:
    for place in sorted(held_out):
        path = HERE / "images" / str(labels[place]) / f"digit_{place:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scans[place].save(path)


def _train(scans: list[Image.Image], labels: np.ndarray, held_out: set[int]) -> nn.Module:
    train = [place for place in range(len(scans)) if place not in held_out]
    crops = torch.tensor(np.stack([crop(scans[place].convert("RGB"), GEOMETRY) for place in train]))
    inputs, targets = normalise(crops, Conditions(GEOMETRY)).contiguous(), torch.tensor(labels[train])
    network = build(MODEL).module.to_empty(device="cpu")
    _initialise(network)
    network.train()
    optimiser = torch.optim.SGD(network.parameters(), LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    steps = EPOCHS * (len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(train))
        for batch in order[: len(train) // BATCH * BATCH].split(BATCH):
            shift = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
            loss = nn.functional.cross_entropy(
                network(inputs[batch].roll(shift, (2, 3))), targets[batch], label_smoothing=0.1
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def _initialise(network: nn.Module) -> None:
    """Initialise every layer: the network is built without values."""
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear, nn.BatchNorm2d)):
            layer.reset_parameters()


if __name__ == "__main__":
    main()
