"""The number of learned values of a network."""

from harness.zoo import Network


def parameter_count(network: Network) -> int:
    """The number of learned values. Shared tensors count once; running statistics do not count."""
    return sum(parameter.numel() for parameter in network.module.parameters())
