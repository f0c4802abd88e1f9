"""Settings of the assembler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

NUSCENES_CAMERAS = ("cam_front_left", "cam_front", "cam_front_right", "cam_back_right", "cam_back", "cam_back_left")
"""nuScenes' cameras in the order in which a sweep passes them."""

NUSCENES_OFFSETS_NS: Mapping[str, int] = MappingProxyType(
    dict(zip(NUSCENES_CAMERAS, (-43_464_000, -35_863_000, -27_984_000, -20_430_000, -10_798_000, -900_000)))
)
"""Image stamp minus sweep stamp on nuScenes, nanoseconds: the mean over two keyframes, which differ by 0.7 ms."""

_SWEEP_BEGIN = {"start": 0.0, "middle": -0.5, "end": -1.0}


@dataclass(frozen=True)
class AssemblerConfig:
    """Settings of a `FrameAssembler`; times in nanoseconds.

    Attributes:
        anchor: Name of the LiDAR: each of its sweeps makes one frame.
        cameras: Names of the cameras.
        offsets_ns: Image stamp minus sweep stamp for the cameras where it is known; the others' are learned.
        window_ns: An image belongs to a sweep when its stamp is within this of sweep stamp plus offset. Never more than
            0.4 sweep periods is used, once they are known (after four sweeps). For cameras that run free,
            give an offset and half their interval.
        deadline_ns: A frame goes out incomplete this long after its sweep arrived, on the arrival clock; an image
            without a sweep is dropped after the same time.
        jump_ns: A sweep stamped this much after the newest one starts a new timeline. So does one that is stamped
            `deadline_ns` before the newest one. The sweep after it has to agree.
        silence_ns: A camera that has sent nothing for this long (or for four sweep periods) is not waited for.
        queue_size: The most sweeps, images per camera, and finished frames that are held. While offsets are being
            learned data are held up to this, and none are matched.
        stamped_at: The moment of a sweep that its stamp names; "end" for nuScenes. It decides which sweep an image
            belongs to while offsets are being learned and cameras fire at every sweep.
    """

    anchor: str = "lidar_top"
    cameras: tuple[str, ...] = NUSCENES_CAMERAS
    offsets_ns: Mapping[str, int] = field(default_factory=dict)
    window_ns: int = 15_000_000
    deadline_ns: int = 200_000_000
    jump_ns: int = 1_000_000_000
    silence_ns: int = 1_000_000_000
    queue_size: int = 32
    stamped_at: Literal["start", "middle", "end"] = "end"

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ValueError: A setting is out of range; the message names it.
        """
        names = (self.anchor, *self.cameras)
        if not all(names) or len(set(names)) != len(names):
            raise ValueError(f"anchor and cameras: names must differ and not be empty, got {names}")
        unknown = set(self.offsets_ns) - set(self.cameras)
        if unknown:
            raise ValueError(f"offsets_ns: no such camera: {', '.join(sorted(unknown))}")
        for name in ("window_ns", "deadline_ns", "jump_ns", "silence_ns", "queue_size"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.queue_size < 2:
            raise ValueError(f"queue_size must be at least 2, got {self.queue_size}")
        if self.stamped_at not in _SWEEP_BEGIN:
            raise ValueError(f"stamped_at must be one of {', '.join(_SWEEP_BEGIN)}, got {self.stamped_at!r}")

    @property
    def sweep_begin(self) -> float:
        """Where a sweep begins relative to its stamp, in sweep periods."""
        return _SWEEP_BEGIN[self.stamped_at]
