"""What a command could not do, for the user to read."""


class CommandError(Exception):
    """A command failed for a reason outside this process; the message is one line that says what to look at."""
