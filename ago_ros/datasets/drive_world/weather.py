"""Light, weather and exposure of a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.procedural.materials import Colour

WEATHERS = ("clear", "hazy", "overcast", "rain", "fog", "dusk")


@dataclass(frozen=True)
class Weather:
    """What the sky does to a scene; colours are linear RGB.

    Attributes:
        name: one of `WEATHERS`.
        to_sun: unit direction towards the sun, world frame.
        sun: colour of sunlight; black where no shadow is cast.
        ambient: light of the sky from above.
        zenith: colour of the sky overhead.
        horizon: colour of the sky at the horizon, and of the haze.
        haze: extinction, 1/m.
        wetness: 0 dry to 1 wet.
        cloud: cover, 0..1.
        dusk: 0 in daylight, 1 when lamps and windows are lit.
        exposure: gain of the cameras.
        noise: standard deviation of the cameras' noise at mid grey, 0..1.
    """

    name: str
    to_sun: tuple[float, float, float]
    sun: Colour
    ambient: Colour
    zenith: Colour
    horizon: Colour
    haze: float
    wetness: float
    cloud: float
    dusk: float
    exposure: float
    noise: float

    def packed(self) -> NDArray[np.float32]:
        """The numbers in the order that the shader reads them."""
        colours = (*self.to_sun, *self.sun, *self.ambient, *self.zenith, *self.horizon)
        return np.array([*colours, self.haze, self.wetness, self.cloud, self.dusk, self.exposure], dtype=np.float32)


def draw_weather(rng: np.random.Generator, name: str | None = None) -> Weather:
    """Draws the weather of a scene, or the details of the one named."""
    name = name or str(rng.choice(WEATHERS, p=[0.42, 0.14, 0.18, 0.10, 0.06, 0.10]))
    azimuth = float(rng.uniform(0, 2 * np.pi))
    elevation = float(rng.uniform(0.06, 0.16) if name == "dusk" else rng.uniform(0.4, 1.1))
    to_sun = (
        float(np.cos(azimuth) * np.cos(elevation)),
        float(np.sin(azimuth) * np.cos(elevation)),
        float(np.sin(elevation)),
    )
    black: Colour = (0.0, 0.0, 0.0)
    sun, ambient, zenith, horizon, haze, wetness, cloud, dusk, base = {
        "clear": (
            (2.0, 1.85, 1.60),
            (0.55, 0.65, 0.82),
            (0.20, 0.40, 0.80),
            (0.68, 0.78, 0.90),
            0.0008,
            0.0,
            0.35,
            0.0,
            0.55,
        ),
        "hazy": (
            (1.5, 1.35, 1.10),
            (0.70, 0.72, 0.74),
            (0.42, 0.54, 0.70),
            (0.84, 0.84, 0.80),
            0.005,
            0.0,
            0.25,
            0.0,
            0.58,
        ),
        "overcast": (black, (1.15, 1.18, 1.22), (0.62, 0.65, 0.68), (0.82, 0.84, 0.86), 0.0016, 0.0, 0.9, 0.0, 0.72),
        "rain": (black, (0.85, 0.90, 0.96), (0.42, 0.45, 0.48), (0.62, 0.65, 0.68), 0.005, 1.0, 0.95, 0.35, 0.78),
        "fog": (black, (1.05, 1.06, 1.06), (0.74, 0.76, 0.78), (0.78, 0.79, 0.80), 0.022, 0.4, 1.0, 0.2, 0.72),
        "dusk": (
            (1.0, 0.52, 0.24),
            (0.26, 0.27, 0.40),
            (0.10, 0.13, 0.30),
            (0.85, 0.48, 0.28),
            0.0018,
            0.0,
            0.5,
            1.0,
            1.0,
        ),
    }[name]
    exposure = base * float(rng.uniform(0.85, 1.2))
    noise = float(rng.uniform(0.004, 0.012)) * (2.5 if name == "dusk" else 1.0)
    return Weather(name, to_sun, sun, ambient, zenith, horizon, haze, wetness, cloud, dusk, exposure, noise)
