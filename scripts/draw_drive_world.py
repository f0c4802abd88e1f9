"""Draws the pictures of docs/worlds.md: python scripts/draw_drive_world.py."""

from __future__ import annotations

import cv2
import numpy as np
from sheets import Picture, save, tiled, written

from ago_ros.datasets.drive_world.camera import take_picture
from ago_ros.datasets.drive_world.cars import BODY_STYLES, make_car
from ago_ros.datasets.drive_world.ground import Road, lay_ground, straight_path
from ago_ros.datasets.drive_world.lorries import make_bus, make_construction_vehicle, make_trailer, make_truck
from ago_ros.datasets.drive_world.motion import SpeedProfile, Track
from ago_ros.datasets.drive_world.outsiders import OUTSIDERS, make_barrier, make_cone
from ago_ros.datasets.drive_world.people import make_bicycle, make_motorcycle, make_pedestrian
from ago_ros.datasets.drive_world.placed import Placed
from ago_ros.datasets.drive_world.raycasting import World
from ago_ros.datasets.drive_world.recording import duration_of, record
from ago_ros.datasets.drive_world.rig import CAMERAS, CameraMount
from ago_ros.datasets.drive_world.scene import Scene, draw_scene
from ago_ros.datasets.drive_world.weather import WEATHERS, draw_weather
from ago_ros.datasets.procedural.thing import Thing

ORDER = ("CAM_FRONT_LEFT", "CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_BACK_RIGHT", "CAM_BACK", "CAM_BACK_LEFT")
PALETTE = np.array(
    [
        (90, 90, 90), (230, 110, 30), (250, 130, 180), (250, 210, 40), (30, 120, 240), (30, 220, 220), (200, 160, 0),
        (230, 30, 40), (250, 240, 140), (130, 80, 40), (150, 40, 220), (235, 40, 235), (130, 130, 140), (80, 20, 90),
        (130, 220, 70), (215, 215, 235), (20, 140, 40), (255, 255, 255),
    ],
    dtype=np.uint8,
)  # fmt: skip


def supersampled(world: World, mount: CameraMount, time: float, size: tuple[int, int]) -> Picture:
    """Renders twice as large, for smooth edges."""
    image = take_picture(world, mount, time, (size[0] * 2, size[1] * 2)).image
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def mosaic(seed: int, style: str, weather: str, time: float = 2.0) -> Picture:
    """All six cameras of a scene."""
    scene = draw_scene(seed, 6.0, style=style, weather=weather)
    world = World(scene)
    shots = {m.channel: supersampled(world, m, time - m.delay_s(), (400, 225)) for m in CAMERAS}
    return tiled([shots[channel] for channel in ORDER], 3)


def weathers() -> Picture:
    """One street in every weather."""
    tiles = []
    for weather in WEATHERS:
        world = World(draw_scene(8, 6.0, style="city", weather=weather))
        tiles.append(written(supersampled(world, CAMERAS[0], 2.0, (400, 225)), weather))
    return tiled(tiles, 3)


def portrait(thing: Thing) -> Picture:
    """One thing on open tarmac."""
    rng = np.random.default_rng(0)
    road = Road(straight_path(0.0, 0.0, 0.0, 160.0), 1, 3.5, 30.0, 0.0)
    corner = np.array([80.0, 60.0])
    ground = lay_ground(rng, [road], -corner, corner, [], 0.5)
    still = SpeedProfile(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    ego = Track(road.path, 40.0, -9.0, 1, still)
    extent = max(*thing.size[:2], thing.size[2] * 1.5)
    distance = 1.25 * extent + 1.0
    placed = Placed(thing, (-40.0 + distance, -9.0, 0.0, 3.8))
    scene = Scene(0, "industry", ground, (placed,), ego, draw_weather(np.random.default_rng(4), "clear"), 1.0)
    height = 0.55 * thing.size[2] + 0.25 * extent
    pitch = float(np.rad2deg(np.arctan2(height - thing.size[2] / 2, distance)))
    mount = CameraMount("PORTRAIT", (0.0, 0.0, height), 0.0, pitch, 1500.0, (800.0, 450.0))
    return written(supersampled(World(scene), mount, 0.0, (192, 108)), thing.caption[:32])


def things() -> Picture:
    """A sheet of portraits."""
    rng = np.random.default_rng(5)
    makers = [lambda r, s=style: make_car(r, s) for style in BODY_STYLES]
    makers += [make_truck] * 4 + [make_bus] * 3 + [make_trailer] * 2 + [make_construction_vehicle] * 4
    makers += [lambda r, k=kind: make_pedestrian(r, k) for kind in ("adult", "adult", "child", "construction_worker")]
    makers += [lambda r: make_bicycle(r, rider=True), lambda r: make_bicycle(r, rider=False)]
    makers += [lambda r: make_motorcycle(r, rider=True), lambda r: make_motorcycle(r, rider=False)]
    makers += [make_cone, make_barrier, make_barrier, *OUTSIDERS.values()]
    return tiled([portrait(maker(rng)) for maker in makers], 6)


def ground_truth() -> Picture:
    """From above: the labels, and what the LiDAR and the cameras see of them."""
    turn = next(record(draw_scene(8, duration_of(1), style="city", weather="clear"), 1, (400, 225), sweeps=False))
    assert turn.labels is not None
    semantics = turn.labels.semantics.numpy()
    panels = []
    for words, seen in (
        ("labels", np.ones_like(semantics, dtype=bool)),
        ("mask_lidar", turn.labels.mask_lidar.numpy()),
        ("mask_camera", turn.labels.mask_camera.numpy()),
    ):
        shown = (semantics != 17) & seen
        top = shown.shape[2] - 1 - shown[..., ::-1].argmax(axis=2)
        plan = np.take_along_axis(semantics, top[..., None], axis=2)[..., 0]
        colour = np.where(shown.any(axis=2)[..., None], PALETTE[plan] * (0.55 + 0.45 * top[..., None] / 15), 20).astype(
            np.uint8
        )
        panels.append(written(cv2.resize(colour[::-1, ::-1], (400, 400), interpolation=cv2.INTER_NEAREST), words))
    return tiled(panels, 3)


if __name__ == "__main__":
    save("drive_city.jpg", mosaic(2, "city", "clear"))
    save("drive_suburb.jpg", mosaic(12, "suburb", "dusk"))
    save("drive_weather.jpg", weathers())
    save("drive_things.jpg", things(), 82)
    save("drive_labels.jpg", ground_truth(), 90)
