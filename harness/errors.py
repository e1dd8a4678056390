"""Errors that are shown to the user as a message, without a traceback."""


class UserError(Exception):
    """An error that the user can fix. The message states the place, what was expected, what was found, and the fix.

    `has_lines` is true if the message is made of lines, whose parts are escaped; others are shown on one line.
    """

    has_lines = False
