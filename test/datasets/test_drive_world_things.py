"""The things of the drive world: closed convex parts, sensible sizes, every class, words that fit."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from ago_ros.datasets.drive_world.cars import BODY_STYLES, make_car
from ago_ros.datasets.drive_world.lorries import make_bus, make_construction_vehicle, make_trailer, make_truck
from ago_ros.datasets.drive_world.outsiders import OUTSIDERS, make_barrier, make_cone
from ago_ros.datasets.drive_world.people import make_bicycle, make_motorcycle, make_pedestrian
from ago_ros.datasets.drive_world.scene import draw_scene
from ago_ros.datasets.drive_world.street import (
    make_building,
    make_bush,
    make_fence,
    make_furniture,
    make_lamp,
    make_sign,
    make_traffic_light,
    make_tree,
)
from ago_ros.datasets.occ3d import CLASS_NAMES
from ago_ros.datasets.procedural.shapes import facets
from ago_ros.datasets.procedural.thing import Thing

Rng = np.random.Generator
BOXED: dict[str, Callable[[Rng], Thing]] = {
    "car": make_car,
    "truck": make_truck,
    "bus": make_bus,
    "trailer": make_trailer,
    "construction_vehicle": make_construction_vehicle,
    "pedestrian": make_pedestrian,
    "bicycle": lambda rng: make_bicycle(rng, rider=bool(rng.random() < 0.5)),
    "motorcycle": lambda rng: make_motorcycle(rng, rider=bool(rng.random() < 0.5)),
    "traffic_cone": make_cone,
    "barrier": make_barrier,
}
STREET: dict[str, Callable[[Rng], Thing]] = {
    "building": lambda rng: make_building(rng, 12.0, 9.0, int(rng.integers(1, 8))),
    "fence": lambda rng: make_fence(rng, 8.0),
    "lamp": make_lamp,
    "sign": make_sign,
    "traffic light": make_traffic_light,
    "furniture": make_furniture,
    "tree": make_tree,
    "bush": make_bush,
}
LENGTHS = {
    "car": (3.5, 6), "truck": (5, 10), "bus": (6.5, 18.5), "trailer": (2.5, 13.5), "construction_vehicle": (2, 9),
    "pedestrian": (0.2, 2), "bicycle": (1.5, 2.1), "motorcycle": (1.7, 2.4),
    "traffic_cone": (0.2, 0.8), "barrier": (1.7, 2.8),
}  # fmt: skip


@pytest.mark.parametrize("kind", [*BOXED, *OUTSIDERS, *STREET])
def test_parts_are_closed_and_convex_and_stand_on_the_ground(kind: str) -> None:
    maker = {**BOXED, **OUTSIDERS, **STREET}[kind]
    for seed in range(6):
        thing = maker(np.random.default_rng(seed))
        everything = np.concatenate([part.corners.reshape(-1, 3) for part in thing.parts])
        np.testing.assert_allclose(everything.min(0)[2], 0, atol=1e-9)
        np.testing.assert_allclose(everything.max(0) - everything.min(0), thing.size, atol=1e-9)
        for part in thing.parts:
            normals = facets(part.corners)
            offsets = np.einsum("ij,ij->i", normals, part.corners[:, 0])
            vertices = part.corners.reshape(-1, 3)
            assert (normals @ vertices.T - offsets[:, None]).max() < 1e-6, "not convex, or facing inwards"
            keys = [tuple(v) for v in vertices.round(6) + 0.0]
            edges = Counter(
                (keys[3 * t + a], keys[3 * t + (a + 1) % 3]) for t in range(len(part.corners)) for a in range(3)
            )
            assert all(edges[b, a] == count for (a, b), count in edges.items()), "a hole"
            np.testing.assert_allclose(np.linalg.norm(part.normals, axis=2), 1, atol=1e-6)


@pytest.mark.parametrize("kind", BOXED)
def test_the_ten_classes_have_their_label_and_size(kind: str) -> None:
    things = [BOXED[kind](np.random.default_rng(seed)) for seed in range(25)]
    assert {CLASS_NAMES[thing.label] for thing in things} == {kind}
    low, high = LENGTHS[kind]
    assert all(low < thing.size[0] < high for thing in things), [(t.name, t.size) for t in things]
    assert len({thing.caption for thing in things}) >= 2


def test_there_are_outsiders_enough() -> None:
    assert len(OUTSIDERS) >= 10
    for maker in OUTSIDERS.values():
        thing = maker(np.random.default_rng(0))
        assert thing.label == 0 and thing.annotated


def test_captions_name_the_colour_and_the_kind() -> None:
    for style in BODY_STYLES:
        car = make_car(np.random.default_rng(1), style, "red")
        if car.name == style:
            assert car.caption == f"a red {style}"
            red, green, blue = car.parts[0].paint.colour
            assert red > 3 * green and red > 3 * blue


def test_scenes_show_every_class_and_differ() -> None:
    labels: set[int] = set()
    styles, weathers, moving = set(), set(), 0
    for seed in range(8):
        scene = draw_scene(seed, 2.0)
        styles.add(scene.style)
        weathers.add(scene.weather.name)
        labels |= {placed.thing.label for placed in scene.things}
        moving += sum(placed.track is not None for placed in scene.things)
    assert labels >= {*range(11), 15, 16}
    assert len(styles) >= 3 and len(weathers) >= 3 and moving > 80
