"""Why a transform is not to be had."""


class TransformException(Exception):  # noqa: N818
    """The base of the others."""


class ConnectivityException(TransformException):
    """The frames are in trees that are not connected."""


class LookupException(TransformException):
    """A frame is unknown, or the tree has a loop."""


class ExtrapolationException(TransformException):
    """The time lies outside what is stored."""


class InvalidArgumentException(TransformException):
    """A frame id is not valid."""


class TimeoutException(TransformException):
    """The transform did not come in time."""
