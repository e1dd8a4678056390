"""What the URL of a weights file says about the file."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """The parts of a file name such as `regnety_032_ra-7f2439f9.pth`.

    `tag` names the training run (`ra`; empty for the original); None if the name does not begin with the model's.
    `digest` is the start of the file's SHA-256 in hex, or None. `label` is the name without digest and extension.
    """

    name: str
    tag: str | None
    digest: str | None
    label: str = ""


def weights_file(url: str, model: str) -> WeightsFile:
    """The name of the file at `url`, parsed as a weights file of `model`."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    parts = re.fullmatch(r"(?P<label>.+?)(?:-(?P<digest>[0-9a-f]{8,64}))?", stem)
    if parts is None:
        return WeightsFile(name, None, None)
    label = parts["label"]
    tag = label.removeprefix(model).lstrip("_") if label == model or label.startswith(f"{model}_") else None
    return WeightsFile(name, tag, parts["digest"], label)


def is_relative(address: str) -> bool:
    """Whether `Weights` is a path relative to the page, not a URL."""
    return not urlsplit(address).scheme
