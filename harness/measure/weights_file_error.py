"""The error of a weights file."""


class WeightsFileError(Exception):
    """A weights file that cannot be used; the message says why and names the tensor."""


TRUNCATED = "The file is truncated: it ends before its tensors do."
