"""SceneEncoding: what is computed once for each frame, so that labels and answers are cheap afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid


class VoxelState(IntEnum):
    """What the sensors know of a voxel. Unobserved is not free: free is only what a ray has passed through."""

    UNOBSERVED = 0
    FREE = 1
    OCCUPIED = 2


@dataclass(frozen=True, eq=False)
class SceneEncoding:
    """The encoded surroundings at one time. Knows no vocabulary: any phrase can be asked of it.

    Attributes:
        stamp_ns: stamp of the sensor frame that it was computed from.
        grid: where the voxels lie, in the ego frame at `stamp_ns`.
        state: (X, Y, Z) uint8 of VoxelState.
        map_from_ego: (4, 4) float64, the pose of the ego frame at `stamp_ns`.
        viewpoint: (3,) float64, where the scene is seen from, ego frame, metres; relations such as "left of"
            are meant from here.
        occupied: (M, 3) int64, the occupied voxels in C order: those where `state` is OCCUPIED.
        features: (M, D) float32 of unit length in the text space of `model`, zero for a voxel that no image shows; None
            where no image tower is configured. AGO's have a length of their own: the longer, the surer.
        model: name of the vision-language model that `features` come from; empty without one.
        relevancy: scores N phrases at `occupied`, (N, M) float32 in 0..1, from maps of the images; what is the same for
            all phrases is computed when it is first asked, and kept. None where phrases are held against `features`.
        adapted: (M, D) float32, a second set of features from AGO's modality adapter, nearer to what images look like;
            each voxel is labelled by the set that is surer. None from other predictors.
        maps: the relevancy of N phrases itself, of which `relevancy` makes scores: (N, M) float32 without a unit, 0 at
            voxels that no image shows; comes from the same reading. None where `relevancy` is.
    """

    stamp_ns: int
    grid: VoxelGrid
    state: Tensor
    map_from_ego: Tensor
    viewpoint: Tensor
    occupied: Tensor
    features: Tensor | None = None
    model: str = ""
    relevancy: Callable[[Sequence[str]], Tensor] | None = None
    adapted: Tensor | None = None
    maps: Callable[[Sequence[str]], Tensor] | None = None
