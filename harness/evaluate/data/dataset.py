"""Labelled images as they lie on disk: a folder per class, a flat folder with its truth, or a tar of either."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.evaluate.data.fingerprint import Image, fingerprint
from harness.evaluate.data.ground_truth import TruthError, read_truth

_SUFFIXES = {".jpeg", ".jpg", ".png", ".bmp", ".ppm", ".webp", ".tif", ".tiff"}
# Where the validation images lie below the folder that is given, in the layouts that are usual for ImageNet.
_BELOW = (".", "val", "validation", "ILSVRC/Data/CLS-LOC/val", "Data/CLS-LOC/val")


class DatasetError(Exception):
    """Images that cannot be used; the message names the place, what was expected, and the mend."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a dataset: its number of classes, how many images of each are complete, and their ids.

    `ids` are the names of its class folders in the order of the class numbers; empty where they are not on file.
    """

    classes: int
    images_per_class: int
    ids: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """How many images a complete set has."""
        return self.classes * self.images_per_class


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled images, sorted by name. `lacking` says what keeps them from being the complete set."""

    layout: str
    images: tuple[Image, ...]
    shape: Shape
    fingerprint: str
    lacking: str | None

    @property
    def surplus(self) -> bool:
        """Whether a class has more images than the complete set, so that some do not belong to it."""
        per_class = Counter(image.label for image in self.images)
        return any(count > self.shape.images_per_class for count in per_class.values())

    def __str__(self) -> str:
        found = len({image.label for image in self.images})
        return f"{len(self.images)} images of {found} classes: {self.layout}"


_Place = tuple[Path, int, int]


def open_dataset(folder: Path, shape: Shape) -> Dataset:
    """The dataset in a folder or tar file, whose layout is found out.

    Raises DatasetError where there is none to use, OSError where one of its images cannot be read.
    """
    kind, found = _find(folder)
    parents = {PurePosixPath(name).parent.name for name in found}
    if len(parents) == 1 and not parents & set(shape.ids):
        classes, source = _by_truth(folder.parent if folder.is_file() else folder, list(found))
        layout = f"a flat {kind}, labelled by {source}"
    else:
        classes = {name: PurePosixPath(name).parent.name for name in found}
        layout = f"a folder per class{', in a tar file' if kind == 'tar file' else ''}"
    numbers = _numbers(set(classes.values()), shape, folder)
    if shape.ids and not set(numbers) & set(shape.ids):
        layout += ", numbered by sorting, since their names are not those on file"
    images = [Image(PurePosixPath(name).name, numbers[classes[name]], *place) for name, place in found.items()]
    images.sort(key=lambda image: (image.name, image.label))
    return Dataset(layout, tuple(images), shape, fingerprint(images), _lacking(images, shape))


def _find(folder: Path) -> tuple[str, dict[str, _Place]]:
    """What holds the images, and every image's path in it with the place of its bytes."""
    if folder.is_file():
        return "tar file", _in_tar(folder)
    for top in (folder / below for below in _BELOW if (folder / below).is_dir()):
        found = _in_folder(top)
        if found:
            return "folder", found
        for archive in sorted(top.glob("*val*.tar")):
            return "tar file", _in_tar(archive)
    raise DatasetError(
        f"{folder}: expected a folder for each class, a flat folder of images with its ground truth, or "
        "ILSVRC2012_img_val.tar, got none of them; name the folder that holds the validation images"
    )


def _in_folder(top: Path) -> dict[str, _Place]:
    """The images of a flat folder, or of the folders in it."""
    files = [path for path in sorted(top.iterdir()) if _is_image(path.name) and path.is_file()]
    if not files:
        folders = (path for path in sorted(top.iterdir()) if path.is_dir() and not path.name.startswith("."))
        inside = (path for folder in folders for path in sorted(folder.iterdir()))
        files = [path for path in inside if _is_image(path.name) and path.is_file()]
    return {path.relative_to(top).as_posix(): (path, 0, path.stat().st_size) for path in files}


def _in_tar(path: Path) -> dict[str, _Place]:
    import tarfile

    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            members = [member for member in archive if member.isfile() and _is_image(member.name)]
    except (tarfile.TarError, EOFError) as error:
        raise DatasetError(f"{path}: expected an uncompressed tar file, got: {error}; fetch it again") from None
    end = max((member.offset_data + member.size for member in members), default=0)
    if not members or end > path.stat().st_size:
        got = "none" if not members else f"one that ends after byte {path.stat().st_size} instead of {end}"
        raise DatasetError(f"{path}: expected a tar file of images, got {got}; fetch it again")
    return {member.name: (path, member.offset_data, member.size) for member in members}


def _is_image(name: str) -> bool:
    file = PurePosixPath(name)
    return file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")


def _by_truth(folder: Path, names: Sequence[str]) -> tuple[dict[str, str], str]:
    try:
        truth, source = read_truth(folder)
    except TruthError as error:
        raise DatasetError(str(error)) from None
    stems = {name: PurePosixPath(name).stem for name in names}
    unlabelled = [name for name, stem in stems.items() if stem not in truth]
    if unlabelled:
        told = f"{len(unlabelled)} without, {unlabelled[0]} the first"
        raise DatasetError(f"{folder}: expected a class for every image in {source}, got {told}; complete it")
    return {name: truth[stem] for name, stem in stems.items()}, source


def _numbers(classes: set[str], shape: Shape, folder: Path) -> dict[str, int]:
    """Class ids to numbers: by the list on file, or, where none is on it but all are there, by sorting them."""
    known = {name: number for number, name in enumerate(shape.ids)}
    if classes <= known.keys():
        return known
    if len(classes) == shape.classes and not classes & known.keys():
        return {name: number for number, name in enumerate(sorted(classes))}
    strange = min(classes - known.keys())
    raise DatasetError(
        f"{folder}: expected the folders of {shape.classes} classes, got {len(classes)}, {strange} among them, which "
        "is no class of this dataset; name the folder that holds the folder of every class and nothing else"
    )


def _lacking(images: Sequence[Image], shape: Shape) -> str | None:
    per_class = Counter(image.label for image in images)
    partial = [label for label in range(shape.classes) if per_class[label] != shape.images_per_class]
    if not partial:
        return None
    named = [shape.ids[label] if shape.ids else f"class {label}" for label in partial[:3]]
    return (
        f"{len(images)} of {shape.images} images are here; {len(partial)} of {shape.classes} classes have another "
        f"number than {shape.images_per_class}, {', '.join(named)}{' …' if len(partial) > len(named) else ''}"
    )
