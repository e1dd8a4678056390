"""What the address of a weights file says about it."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file name such as `regnety_032_ra-7f2439f9.pth`: what stands between model and digest, and the digest.

    `tag` names the training run (`ra`; empty for the original), None where the name is not this model's.
    `digest` holds the first hex digits of the file's SHA-256, None where the name carries none. `label` is the name
    without digest and extension.
    """

    name: str
    tag: str | None
    digest: str | None
    label: str = ""


def weights_file(url: str, model: str) -> WeightsFile:
    """The file that `url` leads to, read as a file of `model`."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    parts = re.fullmatch(r"(?P<label>.+?)(?:-(?P<digest>[0-9a-f]{8,64}))?", stem)
    if parts is None:
        return WeightsFile(name, None, None)
    label = parts["label"]
    tag = label.removeprefix(model).lstrip("_") if label == model or label.startswith(f"{model}_") else None
    return WeightsFile(name, tag, parts["digest"], label)


def is_relative(address: str) -> bool:
    """Whether `Weights` names a file by its path from the page, not by a URL."""
    return not urlsplit(address).scheme
