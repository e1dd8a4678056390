"""`python -m harness` is `verify`."""

from harness.process import main

main()
