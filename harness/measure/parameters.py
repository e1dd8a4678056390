"""How many learned values a network has."""

from harness.zoo import Network


def parameter_count(network: Network) -> int:
    """All learned values; a tensor that two layers share counts once. Running statistics are not learned."""
    return sum(parameter.numel() for parameter in network.module.parameters())
