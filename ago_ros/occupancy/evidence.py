"""From the rays of several sweeps to occupied, free and unobserved voxels. The newest evidence wins. Source: ours.

- Where a ray of a sweep ended, the voxel was occupied then.
- Rays of a newer sweep that pass through it without ending there carve it: after `carve_passes` of them the older hit
  no longer counts, so that what has moved leaves no trail.
- A ray that meets a surface at a grazing angle crosses many voxels of that surface before it ends. On its last stretch,
  where it is within one voxel height of its own end, it therefore does not carve.
- Free is only what a ray has passed through; and never a voxel in which a ray of the newest sweep ended. Returns that
  the limits call too near are noise: they count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.raycast import RayCounts, cast_rays
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy import _kernels
from ago_ros.occupancy.rays import Rays
from ago_ros.scene.encoding import VoxelState

_LONGEST_GRAZE = 10.0
"""A ray spares at most so many voxels' lengths before its end, or level rays would carve nothing."""


def fuse(grid: VoxelGrid, grid_from_map: Tensor, sweeps: Sequence[Rays], carve_passes: int, stride: int) -> Tensor:
    """Decides the state of every voxel.

    Args:
        grid: the voxels.
        grid_from_map: (4, 4) float64, to the frame that the grid lies in.
        sweeps: newest first; at least one.
        carve_passes: so many rays of newer sweeps overrule an older hit.
        stride: every return of every sweep counts, and every ray of the newest frees; but only each stride-th ray of an
            older sweep frees (up to its last stretch), and only each stride-th ray carves.

    Returns:
        (X, Y, Z) uint8 of VoxelState.
    """
    occupied = np.zeros(grid.num_voxels, np.bool_)
    free = np.zeros(grid.num_voxels, np.bool_)
    carved = np.zeros(grid.num_voxels, np.int32)
    for age, sweep in enumerate(sweeps):
        origin = se3.transform_points(grid_from_map, sweep.origin[None])
        ends = se3.transform_points(grid_from_map, sweep.ends)
        hit = _find_voxels(grid, ends[sweep.returned])
        _kernels.add_hits(hit, carved, carve_passes, occupied)
        if age == 0:
            passes = cast_rays(grid, origin.expand_as(ends), ends).passes.reshape(-1).numpy()
            _kernels.add_free(passes, passes, free)
        if len(sweeps) > 1:
            carving = _cast_carving(grid, origin, ends[::stride], sweep.returned[::stride])
            passes = carving.passes.reshape(-1).numpy()
            if age > 0:
                _kernels.add_free(passes, carving.hits.reshape(-1).numpy(), free)
            _kernels.add_carving(passes, hit, carved)
    free[_find_voxels(grid, se3.transform_points(grid_from_map, sweeps[0].own))] = False
    state = np.full(grid.num_voxels, VoxelState.UNOBSERVED, np.uint8)
    state[free] = VoxelState.FREE
    state[occupied] = VoxelState.OCCUPIED
    return torch.from_numpy(state).reshape(grid.shape)


def _cast_carving(grid: VoxelGrid, origin: Tensor, ends: Tensor, returned: Tensor) -> RayCounts:
    """Casts rays up to where their last stretch begins; rays without a return have none."""
    starts = origin.expand_as(ends)
    longest = _LONGEST_GRAZE * grid.voxel_size
    cut = _kernels.graze_starts(origin[0].numpy(), ends.numpy(), returned.numpy(), grid.voxel_size, longest)
    return cast_rays(grid, starts, torch.from_numpy(cut))


def _find_voxels(grid: VoxelGrid, points: Tensor) -> NDArray[np.int64]:
    """Returns the flat indices of the voxels that points fall in; points outside are dropped."""
    return _kernels.find_voxels(points.numpy(), np.array(grid.origin), grid.voxel_size, np.array(grid.shape))
