"""A view of a room with its ground truth: what trains and tests see. Needs neither Open3D nor the renderer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ago_ros.geometry.voxel_grid import VoxelGrid

ROOM_BOUNDS = ((-1.0, -1.0, -0.1), (1.0, 1.0, 1.9))
"""SemAbs' bounds, metres: the view's frame is x away from the viewer, y left, z up, its origin on the floor below the
place that the camera looks at."""

STRUCTURE = ("floor", "ceiling", "wall")
"""What the room itself is made of: no end of any relation but "on the floor"."""

GROUND = ("road", "paved square", "sidewalk", "grass")
"""What a street is made of: completed like any class, but no end of any relation but "on the road"."""

UNSEEN, FREE, SURFACE = 0, 1, 2
"""Values of `View.visibility`. Free is only what a ray has passed through."""

MIN_PIXELS = 12
"""An object with fewer pixels counts as hidden."""


def room_grid(resolution: int = 64) -> VoxelGrid:
    """Returns the grid of `resolution` voxels a side that fills SemAbs' bounds."""
    return VoxelGrid(ROOM_BOUNDS[0], 2.0 / resolution, (resolution, resolution, resolution))


@dataclass(frozen=True)
class SceneObject:
    """A thing of a view's room that has voxels in its grid or pixels in its image.

    Attributes:
        instance: its id in the instance map and in the occupancy.
        name: its class.
        colour: word of its colour, or "".
        material: adjective of what it is made of, or "".
        size: "small", "large" or "".
        state: "open", "closed" or "".
        parent: instance that it is on or in; 0 for none.
        parent_relation: "on", "in" or "".
        pixels: how many show it.
        box: left, top, right, bottom in pixels, right and bottom exclusive; zeros where no pixel shows it.
        interiors: boxes [x, y, z, l, w, h, yaw] of the spaces inside it, view frame, metres.
        captions: phrases that are true of it, the class first, then with its attributes.
        synonym: a phrase with a name that training never reads, or "".
    """

    instance: int
    name: str
    colour: str
    material: str
    size: str
    state: str
    parent: int
    parent_relation: str
    pixels: int
    box: tuple[int, int, int, int]
    interiors: tuple[tuple[float, ...], ...]
    captions: tuple[str, ...]
    synonym: str

    @property
    def hidden(self) -> bool:
        """Whether the view does not show it."""
        return self.pixels < MIN_PIXELS


class SceneTruth(Protocol):
    """The ground truth of a scene, of a room or a street, as far as questions are made of it; see `View`."""

    @property
    def name(self) -> str:
        """Unique in its split."""

    @property
    def room(self) -> int:
        """Seed of the room or drive."""

    @property
    def scale(self) -> float:
        """Size of the scene, against a room: how far relations reach."""

    @property
    def grid(self) -> VoxelGrid:
        """Voxels; the viewer looks along +x, with y to the left and z up."""

    @property
    def occupancy(self) -> NDArray[np.uint16]:
        """(X, Y, Z) instances, also where the viewer cannot see; 0 for none."""

    @property
    def visibility(self) -> NDArray[np.uint8]:
        """(X, Y, Z) `UNSEEN`, `FREE` or `SURFACE`."""

    @property
    def objects(self) -> dict[int, SceneObject]:
        """The things, by instance."""

    @property
    def relations(self) -> tuple[tuple[int, str, int], ...]:
        """(target instance, relation, reference instance)."""


def class_mask(truth: SceneTruth, name: str) -> NDArray[np.bool_]:
    """(X, Y, Z) voxels of every object of a class, hidden ones too."""
    return np.isin(truth.occupancy, [i for i, thing in truth.objects.items() if thing.name == name])


@dataclass(frozen=True, eq=False)
class View:
    """A view of a room.

    Attributes:
        name: unique in its split.
        room: seed of the room.
        kind: of room.
        image: (H, W, 3) uint8 RGB.
        depth: (H, W) float32 metres along the optical axis.
        instance: (H, W) uint16 id of the thing at each pixel.
        intrinsics: (3, 3) float64 pixels.
        view_from_camera: (4, 4) float64: points of the camera's optical frame to the view's frame.
        grid: the voxels of `occupancy` and `visibility`, view frame.
        occupancy: (X, Y, Z) uint16 instance that fills each voxel, also where the camera cannot see; 0 for none.
        visibility: (X, Y, Z) uint8: `UNSEEN`, `FREE` or `SURFACE`.
        objects: the things, by instance, structure included.
        relations: (target instance, relation, reference instance).
        captions: sentences that describe the whole image.
    """

    name: str
    room: int
    kind: str
    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    instance: NDArray[np.uint16]
    intrinsics: NDArray[np.float64]
    view_from_camera: NDArray[np.float64]
    grid: VoxelGrid
    occupancy: NDArray[np.uint16]
    visibility: NDArray[np.uint8]
    objects: dict[int, SceneObject]
    relations: tuple[tuple[int, str, int], ...]
    captions: tuple[str, ...]

    def regions(self) -> list[SceneObject]:
        """The objects that the image shows, for contrastive training on regions: `box`, `captions`, `instance`."""
        return [thing for thing in self.objects.values() if not thing.hidden]

    def things(self) -> list[SceneObject]:
        """The objects, structure aside."""
        return [thing for thing in self.objects.values() if thing.name not in STRUCTURE]

    @property
    def scale(self) -> float:
        """Size against a room: one."""
        return 1.0
