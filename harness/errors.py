"""The one kind of exception whose message is all that a user is shown."""


class UserError(Exception):
    """Something that the user can mend; the message names the place, what was expected, what was found, the mend."""
