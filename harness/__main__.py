"""`python -m harness` is `verify`."""

from harness.cli import main

main()
