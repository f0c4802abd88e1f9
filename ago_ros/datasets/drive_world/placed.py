"""A thing that has a place in a scene, at rest or on a track."""

from __future__ import annotations

from dataclasses import dataclass

from ago_ros.datasets.drive_world.motion import Track
from ago_ros.datasets.procedural.thing import Thing


@dataclass(frozen=True, eq=False)
class Placed:
    """A thing and where it is.

    Attributes:
        thing: what it is.
        rest: x, y, z and yaw in the world frame, for a thing at rest (and the start of one that moves).
        track: how it moves; None for a thing at rest.
        attribute: nuScenes attribute name, or "".
    """

    thing: Thing
    rest: tuple[float, float, float, float]
    track: Track | None = None
    attribute: str = ""

    def pose(self, time: float) -> tuple[float, float, float, float]:
        """Returns x, y, z and yaw at a time, world frame."""
        return self.rest if self.track is None else self.track.pose(time)

    def attribute_at(self, time: float) -> str:
        """The attribute at a time: a vehicle that waits is stopped, a person who waits stands."""
        if self.track is None or self.track.profile.speed(time) > 0.2:
            return self.attribute
        return {"vehicle.moving": "vehicle.stopped", "pedestrian.moving": "pedestrian.standing"}.get(
            self.attribute, self.attribute
        )
