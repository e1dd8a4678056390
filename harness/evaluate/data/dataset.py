"""Labelled images in a folder per class, in a flat folder with a ground-truth file, or in a tar file of either."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from harness.evaluate.data.ground_truth import DatasetError, read_ground_truth, tar_members
from harness.evaluate.data.images import Image, fingerprint

_SUFFIXES = {".jpeg", ".jpg", ".png", ".bmp", ".ppm", ".webp", ".tif", ".tiff"}
# Where the validation images are below the given folder, in common layouts of ImageNet.
_SUBFOLDERS = (".", "val", "validation", "ILSVRC/Data/CLS-LOC/val", "Data/CLS-LOC/val")
_MAX_NAMED_CLASSES = 3
# An uncompressed image of the most pixels that are decoded has about as many bytes.
_MOST_BYTES = 2**28
_MOST_HEADER_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """What a complete dataset contains.

    `class_ids` are the names of its class folders in the order of the class indices; empty if unknown.
    """

    classes: int
    images_per_class: int
    class_ids: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """The number of images of a complete dataset."""
        return self.classes * self.images_per_class


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled images, sorted by name. `missing` says how they differ from the complete dataset; None if complete."""

    layout: str
    images: tuple[Image, ...]
    spec: DatasetSpec
    fingerprint: str
    missing: str | None

    @property
    def has_unexpected(self) -> bool:
        """Whether a class has more images than in the complete dataset, so that some do not belong to it."""
        per_class = Counter(image.label for image in self.images)
        return any(count > self.spec.images_per_class for count in per_class.values())

    def __str__(self) -> str:
        classes = len({image.label for image in self.images})
        return f"{len(self.images)} images of {classes} classes: {self.layout}"


# A file, and the offset and size of an image in it.
_ByteRange = tuple[Path, int, int]


def open_dataset(folder: Path, spec: DatasetSpec) -> Dataset:
    """The dataset in a folder or tar file, whose layout is detected.

    Raises DatasetError if it cannot be used, OSError if an image cannot be read.
    """
    container, files = _find_images(folder)
    parents = {PurePosixPath(name).parent.name for name in files}
    if len(parents) == 1 and not parents & set(spec.class_ids):
        class_ids, source = _read_labels(folder.parent if folder.is_file() else folder, list(files))
        layout = f"a flat {container}, labelled by {source}"
    else:
        class_ids = {name: PurePosixPath(name).parent.name for name in files}
        layout = f"a folder per class{', in a tar file' if container == 'tar file' else ''}"
    indices = _class_indices(set(class_ids.values()), spec, folder)
    if spec.class_ids and not set(indices) & set(spec.class_ids):
        layout += ", classes in alphabetical order, since the folder names are not the known class ids"
    images = [
        Image(PurePosixPath(name).name, indices[class_ids[name]], path.absolute(), offset, size)
        for name, (path, offset, size) in files.items()
    ]
    images.sort(key=lambda image: (image.name, image.label))
    return Dataset(layout, tuple(images), spec, fingerprint(images), _describe_missing(images, spec))


def _find_images(folder: Path) -> tuple[str, dict[str, _ByteRange]]:
    """The kind of container, and the location of every image by its path in the container."""
    if folder.is_file():
        return "tar file", _list_tar(folder)
    for top in (folder / subfolder for subfolder in _SUBFOLDERS if (folder / subfolder).is_dir()):
        files = _list_folder(top)
        if files:
            return "folder", files
        for archive in sorted(path for path in top.glob("*val*.tar") if path.is_file()):
            return "tar file", _list_tar(archive)
    raise DatasetError(
        f"{folder}: expected a folder for each class, a flat folder of images with its ground truth, or "
        "ILSVRC2012_img_val.tar, got none of them; name the folder that holds the validation images"
    )


def _list_folder(top: Path) -> dict[str, _ByteRange]:
    """The images of a flat folder, or of its subfolders."""
    files = _images_in(top)
    if not files:
        folders = (path for path in sorted(top.iterdir()) if path.is_dir() and not path.name.startswith("."))
        files = [path for folder in folders for path in _images_in(folder)]
    return {path.relative_to(top).as_posix(): (path, 0, _size(path, path.stat().st_size)) for path in files}


def _images_in(folder: Path) -> list[Path]:
    """The images in a folder. Raises DatasetError for a device, pipe, socket or dangling link in place of one."""
    paths = [path for path in sorted(folder.iterdir()) if _is_image(path.name) and not path.is_dir()]
    for path in paths:
        if not path.is_file():
            raise DatasetError(f"{path}: expected an image, got a special file or a dangling link; remove it")
    return paths


def _size(name: object, size: int) -> int:
    """The size of an image, which must fit in memory."""
    if size > _MOST_BYTES:
        raise DatasetError(f"{name}: expected an image of at most {_MOST_BYTES} bytes, got {size}; remove it")
    return size


class _BoundedReads:
    """A tar file that is never read as a whole: a header with a false size would ask for it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises ValueError for a size that no header has."""
        if not 0 <= size <= _MOST_HEADER_BYTES:
            raise ValueError(f"a header of {size} bytes")
        return self.file.read(size)


def _list_tar(path: Path) -> dict[str, _ByteRange]:
    import tarfile

    try:
        with path.open("rb") as file, tarfile.open(fileobj=cast("Any", _BoundedReads(file)), mode="r:") as archive:
            members = [member for member in tar_members(archive, path) if _is_image(member.name) and not member.isdir()]
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise DatasetError(f"{path}: expected an uncompressed tar file, got: {error}; download it again") from None
    if not members:
        raise DatasetError(f"{path}: expected a tar file of images, got one without images; download it again")
    for member in members:
        if not member.isfile():
            raise DatasetError(
                f"{path}: expected {member.name!r} to be an image, got a link or a special file; remove it"
            )
    end, size = max(member.offset_data + member.size for member in members), path.stat().st_size
    if end > size:
        raise DatasetError(f"{path}: expected at least {end} bytes, got {size}; download it again")
    return {member.name: (path, member.offset_data, _size(member.name, member.size)) for member in members}


def _is_image(name: str) -> bool:
    file = PurePosixPath(name)
    return file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")


def _read_labels(folder: Path, names: Sequence[str]) -> tuple[dict[str, str], str]:
    """The class id of each image, and the name of the ground-truth file."""
    ground_truth, source = read_ground_truth(folder)
    stems = {name: PurePosixPath(name).stem for name in names}
    unlabelled = [name for name, stem in stems.items() if stem not in ground_truth]
    if unlabelled:
        raise DatasetError(
            f"{folder}: expected a class for every image in {source}, got none for {len(unlabelled)} images "
            f"(first: {unlabelled[0]}); add the missing rows"
        )
    return {name: ground_truth[stem] for name, stem in stems.items()}, source


def _class_indices(class_ids: set[str], spec: DatasetSpec, folder: Path) -> dict[str, int]:
    """Class ids to indices: the known ones; or alphabetical order, if all ids are unknown and their number is right."""
    known = {name: index for index, name in enumerate(spec.class_ids)}
    if class_ids <= known.keys():
        return known
    if len(class_ids) == spec.classes and not class_ids & known.keys():
        return {name: index for index, name in enumerate(sorted(class_ids))}
    raise DatasetError(
        f"{folder}: expected the folders of {spec.classes} classes, got {len(class_ids)}, of which "
        f"{min(class_ids - known.keys())} is not a class of this dataset; name the folder that holds one folder per "
        "class and nothing else"
    )


def _describe_missing(images: Sequence[Image], spec: DatasetSpec) -> str | None:
    per_class = Counter(image.label for image in images)
    wrong = [label for label in range(spec.classes) if per_class[label] != spec.images_per_class]
    if not wrong:
        return None
    names = [spec.class_ids[label] if spec.class_ids else str(label) for label in wrong[:_MAX_NAMED_CLASSES]]
    return (
        f"{len(images)} of {spec.images} images found; {len(wrong)} of {spec.classes} classes do not have "
        f"{spec.images_per_class} images (class {', '.join(names)}{', …' if len(wrong) > len(names) else ''})"
    )
