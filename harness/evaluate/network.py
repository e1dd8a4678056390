"""A network that holds the tensors of a weights file."""

import copy
from typing import TYPE_CHECKING

from harness.zoo import Network

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn


def with_tensors(network: Network, tensors: "Mapping[str, torch.Tensor]") -> "nn.Module":
    """A copy of the network with the tensors of a weights file, by their published names, as its state.

    The tensors are those that `tensor_faults` finds nothing wrong with.
    """
    module = copy.deepcopy(network.module)
    module.load_state_dict({network.module_name(name): tensor for name, tensor in tensors.items()}, assign=True)
    return module
