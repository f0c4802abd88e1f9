"""What every buffer offers, and the registry of the types that it can transform."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from std_msgs.msg import Header


class TypeException(Exception):  # noqa: N818
    """No function is registered for a type."""

    def __init__(self, errstr: str) -> None:
        super().__init__(errstr)
        self.errstr = errstr


class NotImplementedException(Exception):  # noqa: N818
    """A buffer does not say how it looks transforms up."""

    def __init__(self) -> None:
        self.errstr = "this buffer does not implement can_transform and lookup_transform"
        super().__init__(self.errstr)


def _registered(functions: dict[Any, Callable[..., Any]], key: Any) -> Callable[..., Any]:
    if key not in functions:
        raise TypeException(
            f"Type {key} is not registered: import the package that registers it (tf2_geometry_msgs, tf2_sensor_msgs)"
        )
    return functions[key]


class TransformRegistration:
    """How messages of a type are transformed: one table for the process, filled by packages as they are imported."""

    _functions: ClassVar[dict[Any, Callable[..., Any]]] = {}

    def add(self, key: type, callback: Callable[[Any, TransformStamped], Any]) -> None:
        """Registers the function that transforms messages of a type."""
        self._functions[key] = callback

    def get(self, key: type) -> Callable[[Any, TransformStamped], Any]:
        """Returns the function that transforms messages of a type.

        Raises:
            TypeException: there is none.
        """
        return _registered(self._functions, key)


class ConvertRegistration:
    """How one type becomes another, directly or by way of its message."""

    _to_msg: ClassVar[dict[Any, Callable[..., Any]]] = {}
    _from_msg: ClassVar[dict[Any, Callable[..., Any]]] = {}
    _convert: ClassVar[dict[Any, Callable[..., Any]]] = {}

    def add_to_msg(self, key: type, callback: Callable[[Any], Any]) -> None:
        """Registers how a type becomes its message."""
        self._to_msg[key] = callback

    def add_from_msg(self, key: type, callback: Callable[[Any], Any]) -> None:
        """Registers how a type is made from its message."""
        self._from_msg[key] = callback

    def add_convert(self, key: tuple[type, type], callback: Callable[[Any], Any]) -> None:
        """Registers how the first type becomes the second."""
        self._convert[key] = callback

    def get_to_msg(self, key: type) -> Callable[[Any], Any]:
        """Returns what `add_to_msg` registered, or raises a TypeException."""
        return _registered(self._to_msg, key)

    def get_from_msg(self, key: type) -> Callable[[Any], Any]:
        """Returns what `add_from_msg` registered, or raises a TypeException."""
        return _registered(self._from_msg, key)

    def get_convert(self, key: tuple[type, type]) -> Callable[[Any], Any]:
        """Returns what `add_convert` registered, or raises a TypeException."""
        return _registered(self._convert, key)


def convert(a: Any, b_type: type) -> Any:
    """Returns `a` as a `b_type`: converted directly, copied, or by way of its message.

    Raises:
        TypeException: there is no way.
    """
    registration = ConvertRegistration()
    try:
        return registration.get_convert((type(a), b_type))(a)
    except TypeException:
        if type(a) is b_type:
            return deepcopy(a)
        return registration.get_from_msg(b_type)(registration.get_to_msg(type(a))(a))


def Stamped(obj: Any, stamp: Any, frame_id: str) -> Any:  # noqa: N802
    """Gives an object a header, and returns it."""
    obj.header = Header(frame_id=frame_id, stamp=stamp)
    return obj


class BufferInterface:
    """A source of transforms; `transform` moves stamped objects from frame to frame."""

    def __init__(self) -> None:
        self.registration = TransformRegistration()

    def transform(
        self,
        object_stamped: Any,
        target_frame: str,
        timeout: Duration = Duration(),  # noqa: B008
        new_type: type | None = None,
    ) -> Any:
        """Transforms a stamped object.

        Args:
            object_stamped: of a type that is registered.
            target_frame: the frame to take it to.
            timeout: how long to wait for the transform.
            new_type: what to convert the result to.

        Returns:
            The object in `target_frame`.

        Raises:
            TypeException: its type is not registered.
            TransformException: there is no such transform.
        """
        do_transform = self.registration.get(type(object_stamped))
        header = object_stamped.header
        transform = self.lookup_transform(target_frame, header.frame_id, header.stamp, timeout)
        result = do_transform(object_stamped, transform)
        return result if new_type is None else convert(result, new_type)

    def transform_full(
        self,
        object_stamped: Any,
        target_frame: str,
        target_time: Time,
        fixed_frame: str,
        timeout: Duration = Duration(),  # noqa: B008
        new_type: type | None = None,
    ) -> Any:
        """Transforms a stamped object to another frame at another time, as of `transform`.

        Args:
            object_stamped: of a type that is registered.
            target_frame: the frame to take it to.
            target_time: the time to take it to.
            fixed_frame: the frame that does not move between the two times.
            timeout: how long to wait for the transform.
            new_type: what to convert the result to.

        Returns:
            The object in `target_frame` at `target_time`.
        """
        do_transform = self.registration.get(type(object_stamped))
        header = object_stamped.header
        transform = self.lookup_transform_full(
            target_frame, target_time, header.frame_id, header.stamp, fixed_frame, timeout
        )
        result = do_transform(object_stamped, transform)
        return result if new_type is None else convert(result, new_type)

    def lookup_transform(self, *args: Any, **kwargs: Any) -> TransformStamped:
        """As of `Buffer`."""
        raise NotImplementedException

    def lookup_transform_full(self, *args: Any, **kwargs: Any) -> TransformStamped:
        """As of `Buffer`."""
        raise NotImplementedException

    def can_transform(self, *args: Any, **kwargs: Any) -> Any:
        """As of `Buffer`."""
        raise NotImplementedException

    def can_transform_full(self, *args: Any, **kwargs: Any) -> Any:
        """As of `Buffer`."""
        raise NotImplementedException
