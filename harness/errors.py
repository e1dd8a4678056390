"""Errors that are shown to the user as a message, without a traceback."""


class UserError(Exception):
    """An error that the user can fix. The message states the place, what was expected, what was found, and the fix."""
