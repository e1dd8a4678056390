"""`python -m harness` is `verify`. Python itself imports modules before this one; `python -P -m harness` is safer."""

import sys

if not sys.flags.safe_path:
    # `python -m` puts the working folder first. There, its files would hide installed modules; last, they cannot.
    sys.path.append(sys.path.pop(0))

from harness.cli.process import main

main()
