"""What a network has made of one scene: kept, so that a phrase is read and encoded once, however often it is asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene_query.query import QueryError
from ago_ros.scene_query.semabs.free_space import FreeSpace
from ago_ros.scene_query.semabs.input_maps import MEAN_PHRASES
from ago_ros.scene_query.semabs.network import SemAbs, Volumes
from ago_ros.scene_query.semabs.points import RelevancyPoints
from ago_ros.scene_query.semabs.windows import make_window

KEPT_BYTES = 128 * 2**20
"""Of the volumes of one scene, beside those that the present question needs."""


@dataclass(frozen=True, eq=False)
class WindowView:
    """How a scene's voxels lie in a window, for its answers.

    Attributes:
        points: (M, 3) float32, the occupied voxels, frame of the network's grid.
        free: the voxels that rays have passed through.
        asked: (L, 3) float32 centres of the layers of the network's grid that the scene's grid reaches, layer after
            layer within each column.
        shape: of those voxels: (X, Y, layers).
        voxels: (K,) int64, the voxels of the scene's grid in the window that are not free; flat.
        places: (1, K, 1, 1, 3) float32, where they lie between `asked`, as `grid_sample` takes it.
    """

    points: Tensor
    free: FreeSpace
    asked: Tensor
    shape: tuple[int, int, int]
    voxels: Tensor
    places: Tensor

    def spread(self, answers: Tensor) -> Tensor:
        """Interpolates (L,) answers at `asked` to (K,) at `voxels`."""
        volume = answers.to(torch.float32).cpu().view(1, 1, *self.shape)
        return grid_sample(volume, self.places, padding_mode="border", align_corners=False).flatten()


class SceneVolumes:
    """The relevancy of phrases in one scene, and the volumes that a network encoded it to. May be used by any thread.

    Args:
        encoding: the scene, with `relevancy` and `maps`.
        network: encodes.

    Raises:
        QueryError: the scene has no maps.
    """

    def __init__(self, encoding: SceneEncoding, network: SemAbs) -> None:
        if encoding.relevancy is None or encoding.maps is None:
            raise QueryError(
                "the scene was encoded without the maps that scene_query 'semabs' reads: encode it with the network's "
                "own relevancy, or ask with 'analytic'"
            )
        self._grid, self._viewpoint = encoding.grid, encoding.viewpoint
        self._state, self._occupied = encoding.state, encoding.occupied
        self._read_scores, self._read_maps = encoding.relevancy, encoding.maps
        self._network = network
        self._lock = threading.Lock()
        self._mean: Tensor | None = None
        self._scores: dict[str, Tensor] = {}
        self._maps: dict[str, Tensor] = {}
        self._views: dict[int, WindowView] = {}
        self._volumes: OrderedDict[tuple[str, int], Tensor] = OrderedDict()

    def scores(self, phrases: Sequence[str]) -> dict[str, Tensor]:
        """Returns (M,) float32 scores in 0..1 of each phrase at the occupied voxels, each read by itself."""
        with self._lock:
            for phrase in phrases:
                if phrase not in self._scores:
                    self._scores[phrase] = self._read_scores([phrase])[0]
            return {phrase: self._scores[phrase] for phrase in phrases}

    def view(self, heading: int) -> WindowView:
        """Returns how the scene lies in the window of a heading."""
        with self._lock:
            return self._view(heading)

    @torch.no_grad()
    def volumes(self, phrases: Sequence[str], heading: int) -> Volumes:
        """Returns the volume of each phrase in the window of a heading; encodes those that are not there yet."""
        wanted = [(phrase, heading) for phrase in phrases]
        with self._lock:
            missing = [key for key in dict.fromkeys(wanted) if key not in self._volumes]
            if missing:
                maps = self._relevancy([phrase for phrase, _ in missing])
                view = self._view(heading)
                encoded = self._network.encode([RelevancyPoints(view.points, maps)], free=[view.free])
                self._volumes.update(zip(missing, encoded.features, strict=True))
            features = torch.stack([self._volumes[key] for key in wanted])
            for key in wanted:
                self._volumes.move_to_end(key)
            self._let_go(set(wanted))
        return Volumes(self._network.config.grid, features)

    @property
    def kept_bytes(self) -> int:
        """Of the volumes."""
        return sum(volume.nbytes for volume in self._volumes.values())

    def _relevancy(self, phrases: Sequence[str]) -> Tensor:
        """Returns the (N, M) maps of phrases, less the mean map that the network was trained without."""
        if self._mean is None:
            self._mean = self._read_maps(MEAN_PHRASES).mean(dim=0)
        unread = [phrase for phrase in dict.fromkeys(phrases) if phrase not in self._maps]
        if unread:
            self._maps.update(zip(unread, self._read_maps(unread) - self._mean, strict=True))
        return torch.stack([self._maps[phrase] for phrase in phrases])

    def _let_go(self, needed: set[tuple[str, int]]) -> None:
        """Forgets the volumes that were not asked for longest."""
        size = self.kept_bytes
        for key in list(self._volumes):
            if size <= KEPT_BYTES:
                return
            if key not in needed:
                size -= self._volumes.pop(key).nbytes

    def _view(self, heading: int) -> WindowView:
        if heading not in self._views:
            self._views[heading] = _make_view(
                self._grid, self._viewpoint, self._state, self._occupied, self._network.config.grid, heading
            )
        return self._views[heading]


def _make_view(
    grid: VoxelGrid, viewpoint: Tensor, state: Tensor, occupied: Tensor, trained: VoxelGrid, heading: int
) -> WindowView:
    window = make_window(grid, viewpoint, trained, heading)
    voxels = (state != VoxelState.FREE).flatten().nonzero().squeeze(1)
    places = trained.to_grid(window.place(grid.centers(grid.unflatten(voxels))))
    shape = torch.tensor(trained.shape, dtype=torch.float64)
    inside = ((places >= 0) & (places < shape)).all(dim=1)
    voxels, places = voxels[inside], places[inside]
    low, high = (int(edge) for edge in torch.stack(places[:, 2].aminmax())) if len(places) else (0, 0)
    low, high = max(0, low - 1), min(trained.shape[2], high + 2)
    asked = trained.centers()[:, :, low:high]
    places[:, 2] -= low
    layers = torch.tensor([*trained.shape[:2], high - low], dtype=torch.float64)
    between = (2 * places / layers - 1).flip(-1).to(torch.float32)[None, :, None, None]
    points = window.place(grid.centers(occupied)).to(torch.float32)
    x, y, count = asked.shape[:3]
    free = FreeSpace(state == VoxelState.FREE, grid, torch.linalg.inv(window.trained_from_ego))
    return WindowView(points, free, asked.reshape(-1, 3), (x, y, count), voxels, between)
