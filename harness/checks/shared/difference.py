"""How far a measured number is from the declared one."""

from decimal import Decimal


def difference(declared: Decimal | int, measured: Decimal | int) -> str | None:
    """`-22.0%`; the plain difference where that would read 0.0%; None where there is none."""
    gap = Decimal(measured) - Decimal(declared)
    if not gap:
        return None
    percent = f"{gap / Decimal(declared):+.1%}" if declared else ""
    return percent if percent.strip("+-0.%") else f"{gap:+f}"
