"""The lift predictor: training-free occupancy from LiDAR, with image features lifted onto the occupied voxels."""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy.evidence import fuse
from ago_ros.occupancy.frame_relevancy import FrameRelevancy, check_model
from ago_ros.occupancy.image_features import lift_features, view_voxels
from ago_ros.occupancy.rays import RayLimits, Rays, make_rays
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene.threads import single_thread
from ago_ros.sensors.frame import LidarSweep, SensorFrame
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy_maps import RelevancyConfig


@dataclass(frozen=True)
class LiftConfig:
    """How the lift predictor looks back.

    Attributes:
        grid: the voxels, in the ego frame.
        max_sweeps: sweeps in the window, the newest included.
        max_age_s: sweeps older than this, relative to the newest, leave the window, seconds.
        max_speed: a robot that seems faster than this has been put elsewhere (a looped bag, a lost localisation), and
            the window starts anew, metres per second.
        carve_passes: so many rays of newer sweeps overrule an older return.
        ray_stride: of older sweeps each ray_stride-th ray frees space; every return counts.
        limits: which returns are used.
    """

    grid: VoxelGrid = OCC3D_GRID
    max_sweeps: int = 5
    max_age_s: float = 1.0
    max_speed: float = 70.0
    carve_passes: int = 2
    ray_stride: int = 5
    limits: RayLimits = field(default_factory=RayLimits)

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        for name in ("max_sweeps", "carve_passes", "ray_stride"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("max_age_s", "max_speed"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


class LiftPredictor:
    """Encodes sensor frames one after another; remembers the sweeps of a short window. Not thread safe.

    Args:
        config: the grid and the window.
        vlm: gives the occupied voxels their features; None gives a class-agnostic encoding, without a look at images.
        relevancy: maps that queries are answered from; an encoding then holds its images until it is first asked. None:
            queries are answered from the features.

    Attributes:
        dropped: returns left out since the last reset, by reason: `invalid`, `own_body`, `too_near`.
        restarts: how often the window started anew since the last reset, because time or the robot jumped.

    Raises:
        ValueError: the maps are to be read from the attention of a model that does not show it.
    """

    def __init__(
        self,
        config: LiftConfig | None = None,
        vlm: VisionLanguageModel | None = None,
        relevancy: RelevancyConfig | None = None,
    ) -> None:
        if vlm is not None and relevancy is not None:
            check_model(vlm, relevancy)
        self.config = config or LiftConfig()
        self.vlm = vlm
        self.relevancy = relevancy
        self.dropped: Counter[str] = Counter()
        self.restarts = 0
        self._window: deque[Rays] = deque(maxlen=self.config.max_sweeps)

    def reset(self) -> None:
        """Forgets all earlier sweeps and counts."""
        self._window.clear()
        self.dropped.clear()
        self.restarts = 0

    def warm_up(self) -> None:
        """Compiles what `encode` runs, so that the first frame is as fast as the others.

        The compiled code is kept on disk, so this is slow only the first time on a machine. Images are left out.
        """
        angle = torch.linspace(0, 6, 50)
        points = torch.stack([5 * angle.cos(), 5 * angle.sin(), torch.zeros(50)], dim=1)
        nothing_left_out = RayLimits(ego_lower=(0.0, 0.0, 0.0), ego_upper=(0.0, 0.0, 0.0), min_range=0.0)
        twin = LiftPredictor(dataclasses.replace(self.config, limits=nothing_left_out))
        for stamp_ns in (0, 1_000_000):
            twin.encode(SensorFrame(LidarSweep(stamp_ns, points, se3.identity(), se3.identity())))

    @torch.inference_mode()
    def encode(self, frame: SensorFrame) -> SceneEncoding:
        """Encodes the surroundings at the frame's time, in the ego frame of its sweep.

        Args:
            frame: the newest sweep, and the images where a vision-language model is configured.

        Raises:
            ValueError: the sweep has no usable point.
        """
        with single_thread():
            state = self._state(frame)
            occupied = (state == VoxelState.OCCUPIED).nonzero()
        features = relevancy = None
        if self.vlm is not None:
            views = view_voxels(frame, self.config.grid, occupied)
            features = lift_features(self.vlm, views, len(occupied))
            if self.relevancy is not None:
                relevancy = FrameRelevancy(self.vlm, views, len(occupied), self.relevancy)
        return SceneEncoding(
            stamp_ns=frame.stamp_ns,
            grid=self.config.grid,
            state=state,
            map_from_ego=frame.lidar.map_from_ego,
            viewpoint=frame.lidar.ego_from_lidar[:3, 3].clone(),
            occupied=occupied,
            features=features,
            model="" if self.vlm is None else self.vlm.name,
            relevancy=relevancy,
            maps=None if relevancy is None else relevancy.maps,
        )

    def _state(self, frame: SensorFrame) -> Tensor:
        rays = make_rays(frame.lidar, self.config.limits, self.dropped)
        if not len(rays.ends):
            raise ValueError(
                f"the sweep at {frame.stamp_ns} ns has no usable point: is the LiDAR blocked or switched off?"
            )
        self._admit(rays)
        ego_from_map = se3.invert(frame.lidar.map_from_ego)
        return fuse(self.config.grid, ego_from_map, self._window, self.config.carve_passes, self.config.ray_stride)

    def _admit(self, rays: Rays) -> None:
        """Puts the newest sweep first and drops the sweeps that do not belong with it."""
        if self._window:
            newest = self._window[0]
            seconds = (rays.stamp_ns - newest.stamp_ns) / 1e9
            if seconds <= 0 or (rays.position - newest.position).norm() > self.config.max_speed * seconds:
                self._window.clear()
                self.restarts += 1
        while self._window and rays.stamp_ns - self._window[-1].stamp_ns > self.config.max_age_s * 1e9:
            self._window.pop()
        self._window.appendleft(rays)
