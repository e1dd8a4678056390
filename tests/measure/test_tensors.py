"""Weights files of every format and with every defect; their pickles are never executed."""

import os
import struct
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from harness.measure.tensors import learned_values, read_tensors, state_problems
from harness.measure.weights_file_error import WeightsFileError
from harness.zoo.regnet import build

NETWORK = build("regnety_canary")


def state() -> dict[str, torch.Tensor]:
    """A valid state of the network."""
    return OrderedDict(
        (NETWORK.checkpoint_name(name), torch.ones(tensor.shape, dtype=tensor.dtype))
        for name, tensor in NETWORK.module.state_dict().items()
    )


def legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("save", [torch.save, legacy, save_file])
def test_every_format_is_read(save: object, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(state(), path)  # type: ignore[operator]
    tensors = read_tensors(path)
    assert state_problems(tensors, NETWORK) == []
    assert learned_values(tensors, NETWORK) == 92348


@pytest.mark.parametrize("save", [torch.save, legacy, save_file])
@pytest.mark.parametrize("fraction", [0.3, 0.9])
def test_truncated_file(save: object, fraction: float, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(state(), path)  # type: ignore[operator]
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * fraction)])
    with pytest.raises(WeightsFileError, match="truncated"):
        read_tensors(path)


class Hostile:
    """Creates a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", [torch.save, legacy])
def test_a_file_with_other_objects_is_rejected_without_running_it(save: object, tmp_path: Path) -> None:
    path, ran = tmp_path / "weights", tmp_path / "ran"
    save({**state(), "more": Hostile(ran)}, path)  # type: ignore[operator]
    with pytest.raises(WeightsFileError, match=r"more than tensors \(it imports \w+\.mkdir\)"):
        read_tensors(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Not a torch or safetensors file"),
        (b"<html>404</html>", "begins with b'<html>404'"),
        (b"\x80\x02garbage that is no pickle", "cannot be read|malformed"),
        (b"PK\x03\x04 no zip after all", "truncated"),
    ],
)
def test_not_a_weights_file(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(WeightsFileError, match=message):
        read_tensors(path)


def test_a_torch_file_without_a_state(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list")
    with pytest.raises(WeightsFileError, match="a list; expected a mapping"):
        read_tensors(tmp_path / "list")
    torch.save({"epoch": 3}, tmp_path / "epoch")
    with pytest.raises(WeightsFileError, match="'epoch' is a int; expected a tensor"):
        read_tensors(tmp_path / "epoch")


def test_tensors_that_are_not_dense(tmp_path: Path) -> None:
    for odd in (torch.ones(2, device="meta"), torch.ones(2, 2).to_sparse()):
        torch.save({"stem.conv.weight": odd}, tmp_path / "odd")
        with pytest.raises(WeightsFileError, match=r"'stem\.conv\.weight' is nested, quantized, sparse"):
            read_tensors(tmp_path / "odd")


def _without_two(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["stem.conv.weight"], tensors["head.fc.bias"]


def _with_more(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.fc2.bias"] = torch.ones(3)


def _other_shape(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.fc.weight"] = torch.ones(10, 65)


def _half(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.fc.weight"] = tensors["head.fc.weight"].half()


def _float_counter(tensors: dict[str, torch.Tensor]) -> None:
    tensors["stem.bn.num_batches_tracked"] = torch.tensor(3.5)


def _nan(tensors: dict[str, torch.Tensor]) -> None:
    tensors["s1.b1.conv1.conv.weight"][0, 0] = float("nan")


def _infinite(tensors: dict[str, torch.Tensor]) -> None:
    tensors["s1.b1.conv1.bn.bias"][0] = float("-inf")


def _negative(tensors: dict[str, torch.Tensor]) -> None:
    tensors["s4.b2.conv2.bn.running_var"][5] = -1e-9


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (_without_two, ["2 missing tensors (first: stem.conv.weight)."]),
        (_with_more, ["1 unexpected tensor: head.fc2.bias."]),
        (_other_shape, ["head.fc.weight has shape [10, 65]; the network expects [10, 64]."]),
        (_half, ["head.fc.weight has dtype torch.float16; the network expects torch.float32."]),
        (_nan, ["s1.b1.conv1.conv.weight contains NaN."]),
        (_infinite, ["s1.b1.conv1.bn.bias contains infinite values."]),
        (_negative, ["s4.b2.conv2.bn.running_var contains a negative variance."]),
        (_float_counter, []),
    ],
)
def test_each_problem_names_its_tensor(spoil: object, problems: list[str]) -> None:
    tensors = state()
    spoil(tensors)  # type: ignore[operator]
    assert state_problems(tensors, NETWORK) == problems


@pytest.fixture
def no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a file is a failure: what it costs must be known before."""
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch.load was called"))


def _zip(path: Path, pickle: bytes, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {"archive/data.pkl": pickle, "archive/version": b"3\n", **entries}.items():
            archive.writestr(name, content)
    return path


def _legacy(path: Path, pickle: bytes, rest: bytes = b"\x80\x02].") -> Path:
    torch.save({}, path, _use_new_zipfile_serialization=False)
    start = path.read_bytes().removesuffix(b"\x80\x02}q\x00.\x80\x02]q\x00.")
    path.write_bytes(start + pickle + rest)
    return path


FLOATS = b"ctorch\nFloatStorage\n"
NESTED_KEY = b"K\x01" + b"q\x00h\x00\x86" * 60
MANY_STORAGE = b"(U\x07storage" + FLOATS + b"U\x010U\x03cpu\x8a\x05\0\0\0\0\x40tQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + MANY_STORAGE + b"K\x00K\x01\x85K\x01\x85\x89}tR"
SMALL = (
    b"ctorch._utils\n_rebuild_tensor_v2\n((U\x07storage"
    + FLOATS
    + b"U\x010U\x03cpuK\x01tQK\x00K\x01\x85K\x01\x85\x89}tR"
)


@pytest.mark.usefixtures("no_loading")
@pytest.mark.parametrize("wrap", [_zip, _legacy])
@pytest.mark.parametrize(
    ("pickle", "message"),
    [
        (b"\x80\x02}" + NESTED_KEY + b"Ns.", "contains a tuple as a name"),
        (b"\x80\x02}(" + NESTED_KEY + b"Nu.", "contains a tuple as a name"),
        (b"\x80\x02ccollections\nOrderedDict\n]" + NESTED_KEY + b"N\x86a\x85R.", "contains a tuple as a name"),
        (b"\x80\x02" + NESTED_KEY + b".", "a tuple; expected a mapping"),
        (b"\x80\x02" + FLOATS + b"\x8a\x06\0\0\0\0\0\x10\x85R.", "malformed"),
        (b"\x80\x02cbuiltins\nbytearray\n\x8a\x06\0\0\0\0\0\x10\x85R.", r"imports builtins\.bytearray"),
        (b"\x80\x02}X\x01\0\0\0a" + TENSOR + b"s.", "list of storages is damaged|'0' has 0 bytes"),
        (b"\x80\x02" + b"N0" * 10 + b".", "uses POP"),
        (b"\x80\x02(" + b"N" * 1_000_001 + b"t.", "more than 1000000 steps"),
        (
            b"\x80\x02]q\x00(" + b"K\x01N\x86" * 1000 + b"e" + b"ccollections\nOrderedDict\nh\x00\x85R" * 1000 + b".",
            "more than 1000000 steps",
        ),
        (
            b"\x80\x02(" + b"K\x01" * 1000 + b"tq\x00\x85q\x01" + b"ctorch\nSize\nq\x02" + b"h\x02h\x01R" * 1000 + b".",
            "more than 1000000 steps",
        ),
        (
            b"\x80\x02}q\x00(" + b"".join(b"M" + struct.pack("<H", n) + b"N" for n in range(1000)) + b"u"
            b"("
            + SMALL
            + b"\x89Nh\x00tq\x01ctorch._utils\n_rebuild_parameter_with_state\nq\x02"
            + b"h\x02h\x01R" * 1000,
            "more than 1000000 steps",
        ),
        (b"\x80\x02]ctorch._utils\n_rebuild_qtensor\n.", "A tensor is nested, quantized, sparse"),
        (b"\x80\x02.", "malformed"),
        (b"\x80\x02X\xff\xff\xff\x7fa.", "truncated|malformed"),
    ],
)
def test_a_pickle_that_costs_more_than_its_size_is_not_loaded(
    wrap: object, pickle: bytes, message: str, tmp_path: Path
) -> None:
    path = wrap(tmp_path / "weights", pickle)  # type: ignore[operator]
    with pytest.raises(WeightsFileError, match=message):
        read_tensors(path)


def _storage(values: int) -> bytes:
    return b"(U\x07storage" + FLOATS + b"U\x010U\x03cpuK" + bytes([values]) + b"tQ"


@pytest.mark.usefixtures("no_loading")
@pytest.mark.parametrize("start", [b"K\x00K\x08\x85K\x01\x85", b"K\x00K\x02\x85K\x07\x85", b"K\x07K\x01\x85K\x01\x85"])
def test_a_tensor_outside_its_storage_is_not_loaded(start: bytes, tmp_path: Path) -> None:
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + _storage(7) + start + b"\x89}tR"
    path = _zip(tmp_path / "weights", b"\x80\x02}U\x01a" + tensor + b"s.", **{"archive/data/0": bytes(28)})
    with pytest.raises(WeightsFileError, match=r"needs value \d of a storage of 7 values"):
        read_tensors(path)


@pytest.mark.usefixtures("no_loading")
@pytest.mark.parametrize(
    ("count", "length", "message"),
    [(7, 27, "truncated"), (6, 28, "another size than its tensors"), (7, 0, "truncated")],
)
def test_a_legacy_storage_is_in_the_file(count: int, length: int, message: str, tmp_path: Path) -> None:
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + _storage(7) + b"K\x00K\x07\x85K\x01\x85\x89}tR"
    rest = b"\x80\x02]U\x010a." + struct.pack("<q", count) + bytes(length)
    path = _legacy(tmp_path / "weights", b"\x80\x02}U\x01a" + tensor + b"s.", rest)
    with pytest.raises(WeightsFileError, match=message):
        read_tensors(path)


def _deflated(path: Path) -> None:
    torch.save({"a": torch.zeros(100_000)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def _duplicate(path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(archive.namelist()[0], b"\x80\x02}.")


def _duplicate_in_capitals(path: Path) -> None:
    """torch's reader finds the second one."""
    _zip(path, b"\x80\x02}.", **{"archive/DATA.PKL": b"\x80\x02" + NESTED_KEY + b"."})


def _with_second_names(path: Path) -> None:
    """Python 3.13 reads the names in these extra fields, torch does not."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, second in (("archive/data.pkl", b"archive/a"), ("archive/b", b"archive/data.pkl")):
            entry = zipfile.ZipInfo(name)
            checksum = struct.pack("<I", zlib.crc32(name.encode()))
            entry.extra = b"up" + struct.pack("<H", 5 + len(second)) + b"\x01" + checksum + second
            archive.writestr(entry, b"\x80\x02}.")


def _absolute(path: Path) -> None:
    _zip(path, b"\x80\x02}.", **{"/etc/passwd": b""})


def _with_comment(path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, path)
    content = path.read_bytes()
    path.write_bytes(content[:-2] + struct.pack("<H", 5) + b"stuff")


def _shifted(path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, path)
    path.write_bytes(b"PK\x03\x04" * 8 + path.read_bytes())


@pytest.mark.usefixtures("no_loading")
@pytest.mark.parametrize(
    ("write", "message"),
    [
        (_deflated, "is compressed"),
        (_duplicate, "two entries of one name"),
        (_duplicate_in_capitals, "two entries of one name"),
        (_with_second_names, "'archive/(data.pkl|a)' has an unknown extra field"),
        (_absolute, "not below the archive"),
        (_with_comment, "truncated"),
        (_shifted, "zip directory is damaged"),
    ],
)
def test_an_archive_that_torch_does_not_write_is_not_loaded(write: object, message: str, tmp_path: Path) -> None:
    write(tmp_path / "weights")  # type: ignore[operator]
    with pytest.raises(WeightsFileError, match=message):
        read_tensors(tmp_path / "weights")


def test_a_long_header_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safetensors.torch.load_file", lambda _: pytest.fail("the file was loaded"))
    path = tmp_path / "weights.safetensors"
    for length, size, message in ((2**40, 100, "truncated"), (50_000_000, 60_000_000, "header has 50000000 bytes")):
        path.write_bytes(struct.pack("<Q", length) + b"{")
        os.truncate(path, size)
        with pytest.raises(WeightsFileError, match=message):
            read_tensors(path)


def test_an_expanded_tensor_is_not_expanded_to_be_checked(tmp_path: Path) -> None:
    tensors = state()
    torch.save(tensors | {"head.fc.bias": torch.zeros(1).expand(2**40)}, tmp_path / "weights")
    read = read_tensors(tmp_path / "weights")
    assert state_problems(read, NETWORK) == [f"head.fc.bias has shape [{2**40}]; the network expects [10]."]
    nan = tensors | {"head.fc.bias": torch.full((1,), float("nan")).expand(10)}
    assert state_problems(nan, NETWORK) == ["head.fc.bias contains NaN."]


@pytest.mark.parametrize("save", [torch.save, legacy])
def test_what_torch_writes_for_a_module_is_read(save: object, tmp_path: Path) -> None:
    module = torch.nn.BatchNorm1d(3)
    contents = (
        module.state_dict(),
        OrderedDict(module.named_parameters()),
        {"view": torch.arange(12.0).view(3, 4).t()[1:, ::2], "empty": torch.zeros(0, 3), "flag": torch.tensor(True)},
        {"small": torch.zeros(3, dtype=torch.bfloat16), "long": torch.zeros(2, dtype=torch.int64)},
    )
    for content in contents:
        save(content, tmp_path / "weights")  # type: ignore[operator]
        read = read_tensors(tmp_path / "weights")
        assert read.keys() == content.keys()
        assert all(torch.equal(read[name], content[name]) for name in content)


def test_types_that_have_no_storage_class_are_read(tmp_path: Path) -> None:
    torch.save({"wide": torch.arange(5).to(torch.uint16)[2:]}, tmp_path / "weights")
    assert read_tensors(tmp_path / "weights")["wide"].tolist() == [2, 3, 4]


@pytest.mark.parametrize("name", ["\udc80", "a" * 1001])
def test_a_name_that_no_message_can_quote_is_an_error(name: str, tmp_path: Path) -> None:
    torch.save({name: torch.zeros(1)}, tmp_path / "weights")
    with pytest.raises(WeightsFileError, match="expected names of valid Unicode with at most 1000 characters"):
        read_tensors(tmp_path / "weights")


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (b"ctorch._utils\n_rebuild_parameter_with_state\n", b"(" + SMALL + b"\x89N"),
        (
            b"ctorch._tensor\n_rebuild_from_type_v2\n",
            b"(" + SMALL.replace(b"((", b"ctorch.nn.parameter\nParameter\n((")[:-1],
        ),
    ],
)
def test_attributes_that_a_file_sets_hide_no_check(function: bytes, arguments: bytes, tmp_path: Path) -> None:
    """`Parameter()` has no values, so all of them are finite."""
    state = b"}X\x08\0\0\0isfinitectorch.nn.parameter\nParameter\ns"
    tensor = function + arguments + state + b"tR"
    tensor = tensor.replace(b"cpuK\x01tQK\x00K\x01\x85", b"cpuK\x0atQK\x00K\x0a\x85")
    pickle = b"\x80\x02}X\x0c\0\0\0head.fc.bias" + tensor + b"s."
    path = _zip(tmp_path / "weights", pickle, **{"archive/data/0": struct.pack("<f", float("nan")) * 10})
    assert "head.fc.bias contains NaN." in state_problems(read_tensors(path), NETWORK)


def test_attributes_of_the_mapping_hide_no_tensor(tmp_path: Path) -> None:
    hidden = b"}(X\x04\0\0\0keysctorch\nSize\nX\x05\0\0\0itemsccollections\nOrderedDict\nub"
    pickle = b"\x80\x02ccollections\nOrderedDict\n)RU\x01a" + SMALL + b"s" + hidden + b"."
    path = _zip(tmp_path / "weights", pickle, **{"archive/data/0": bytes(4)})
    assert list(read_tensors(path)) == ["a"]


@pytest.mark.filterwarnings("error")
def test_escapes_in_an_old_pickle_cause_no_warning(tmp_path: Path) -> None:
    with pytest.raises(WeightsFileError, match="uses STRING"):
        read_tensors(_zip(tmp_path / "weights", b"\x80\x02S'\\d'\n."))
