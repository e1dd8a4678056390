"""`python -m harness` is `verify`."""

from harness.cli.process import main

main()
