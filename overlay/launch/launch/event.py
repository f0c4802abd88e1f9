"""Event: something that happened while launching."""


class Event:
    """The base of all events."""

    name = "launch.Event"
