"""Python processes that never import files of the working folder, which may be anybody's."""

import os


def start_python_in_safe_path_mode() -> None:
    """Start Python processes, also those that libraries start, in safe-path mode from now on."""
    os.environ["PYTHONSAFEPATH"] = "1"
