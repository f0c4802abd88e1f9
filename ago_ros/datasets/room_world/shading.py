"""Turns hits into colours: texture, lamp and daylight with shadows, ambient light, gloss. Compiled."""

# mypy: disable-error-code="no-untyped-def"
# What numba compiles takes its types from its calls.

from __future__ import annotations

import math

import numba
import numpy as np

from ago_ros.datasets.procedural.noise import clamp, hashed
from ago_ros.datasets.room_world.textures import surface

AMBIENT_REACH_M = 0.5


@numba.njit(parallel=True, fastmath=True, cache=True)
def light_rays(origin, directions, distance, triangle, u, v, normals, lamp, daylight, seed, normal, rays):
    """Writes unit normals (N, 3), and three rays for each hit (N, 3, 6): to the lamp, to daylight, a random one.

    Lamp and daylight are wide: each ray aims at a random point of them, so that shadows have soft edges.
    """
    for i in numba.prange(len(distance)):
        t = triangle[i]
        w = 1 - u[i] - v[i]
        n0 = normals[t, 0, 0] * w + normals[t, 1, 0] * u[i] + normals[t, 2, 0] * v[i]
        n1 = normals[t, 0, 1] * w + normals[t, 1, 1] * u[i] + normals[t, 2, 1] * v[i]
        n2 = normals[t, 0, 2] * w + normals[t, 1, 2] * u[i] + normals[t, 2, 2] * v[i]
        length = math.sqrt(n0 * n0 + n1 * n1 + n2 * n2) + 1e-9
        if n0 * directions[i, 0] + n1 * directions[i, 1] + n2 * directions[i, 2] > 0:
            length = -length
        n0, n1, n2 = n0 / length, n1 / length, n2 / length
        normal[i, 0], normal[i, 1], normal[i, 2] = n0, n1, n2
        px = origin[0] + directions[i, 0] * distance[i] + n0 * 0.004
        py = origin[1] + directions[i, 1] * distance[i] + n1 * 0.004
        pz = origin[2] + directions[i, 2] * distance[i] + n2 * 0.004
        a, b, c = hashed(i, 1, seed) - 0.5, hashed(i, 2, seed) - 0.5, hashed(i, 3, seed) - 0.5
        for k in range(3):
            rays[i, k, 0], rays[i, k, 1], rays[i, k, 2] = px, py, pz
        rays[i, 0, 3], rays[i, 0, 4], rays[i, 0, 5] = lamp[0] + 0.5 * a - px, lamp[1] + 0.5 * b - py, lamp[2] - pz
        rays[i, 1, 3] = (daylight[0] + 0.4 * a) * 1.6
        rays[i, 1, 4] = (daylight[1] + 0.4 * b) * 1.6
        rays[i, 1, 5] = (daylight[2] + 0.4 * c) * 1.6
        z = 2 * hashed(i, 4, seed) - 1
        angle, r = 1.5707963 * (i % 4 + hashed(i, 5, seed)), math.sqrt(max(0.0, 1 - z * z))
        d0, d1, d2 = n0 + r * math.cos(angle), n1 + r * math.sin(angle), n2 + z
        size = AMBIENT_REACH_M / (math.sqrt(d0 * d0 + d1 * d1 + d2 * d2) + 1e-6)
        rays[i, 2, 3], rays[i, 2, 4], rays[i, 2, 5] = d0 * size, d1 * size, d2 * size


@numba.njit(parallel=True, fastmath=True, cache=True)
def shade(
    directions,
    triangle,
    u,
    v,
    normal,
    rays,
    blocked,
    lamp,
    daylight,
    part,
    axis,
    texture,
    finish,
    colour,
    second,
    scale,
    seed,
    low,
    high,
    lamp_light,
    day_light,
    ambient,
    gain,
    radiance,
):
    """Writes the (N, 3) float32 linear colour of every sample."""
    for i in numba.prange(len(triangle)):
        t = triangle[i]
        p = part[t]
        w = 1 - u[i] - v[i]
        x = texture[t, 0, 0] * w + texture[t, 1, 0] * u[i] + texture[t, 2, 0] * v[i]
        y = texture[t, 0, 1] * w + texture[t, 1, 1] * u[i] + texture[t, 2, 1] * v[i]
        z = texture[t, 0, 2] * w + texture[t, 1, 2] * u[i] + texture[t, 2, 2] * v[i]
        r, g, b, gloss, glow = surface(
            finish[p], x, y, z, axis[t], colour[p], second[p], scale[p], seed[p], low[p], high[p]
        )
        nx, ny, nz = normal[i, 0], normal[i, 1], normal[i, 2]
        lx, ly, lz = lamp[0] - rays[i, 0, 0], lamp[1] - rays[i, 0, 1], lamp[2] - rays[i, 0, 2]
        reach = math.sqrt(lx * lx + ly * ly + lz * lz) + 1e-6
        lx, ly, lz = lx / reach, ly / reach, lz / reach
        sx, sy, sz = daylight[0], daylight[1], daylight[2]
        from_lamp = 0.0 if blocked[i, 0] else clamp(nx * lx + ny * ly + nz * lz, 0.0, 1.0) * 3.2 / (0.6 + reach * reach)
        from_day = 0.0 if blocked[i, 1] else clamp(nx * sx + ny * sy + nz * sz, 0.0, 1.0)
        soft = (0.8 + 0.2 * nz) * (0.55 if blocked[i, 2] else 1.0)
        dot = nx * directions[i, 0] + ny * directions[i, 1] + nz * directions[i, 2]
        mx, my, mz = directions[i, 0] - 2 * dot * nx, directions[i, 1] - 2 * dot * ny, directions[i, 2] - 2 * dot * nz
        facing = clamp(-dot, 0.0, 1.0)
        mirror = gloss * (0.12 + 0.6 * (1 - facing) ** 4)
        bright = 0.55 + 0.35 * clamp(mz + 0.3 * mx, -1.0, 1.0)
        shine = 0.0 if blocked[i, 0] else clamp(mx * lx + my * ly + mz * lz, 0.0, 1.0) ** 40 * gloss * 1.6
        shine += 0.0 if blocked[i, 1] else clamp(mx * sx + my * sy + mz * sz, 0.0, 1.0) ** 30 * gloss * 0.7
        for k in range(3):
            base = r if k == 0 else g if k == 1 else b
            light = from_lamp * lamp_light[k] + from_day * day_light[k] + soft * ambient[k]
            value = base * light * (1 - mirror) + mirror * bright * ambient[k] * (0.4 + 0.6 * base)
            radiance[i, k] = gain * (value + shine * lamp_light[k] * 0.5 + glow * base)


@numba.njit(parallel=True, fastmath=True, cache=True)
def develop(radiance, samples, noise, seed, image):
    """Averages the samples of each pixel, compresses highlights, adds noise and writes (H, W, 3) uint8."""
    height, width = image.shape[0], image.shape[1]
    for row in numba.prange(height):
        for column in range(width):
            first = (row * width + column) * samples
            for k in range(3):
                value = 0.0
                for s in range(samples):
                    value += min(radiance[first + s, k], 2.0)
                value /= samples
                value = (value / (1 + 0.25 * value)) ** 0.4545
                grain = hashed(row, column * 3 + k, seed) + hashed(row, column * 3 + k, seed + 1) - 1.0
                image[row, column, k] = int(clamp(value + noise * grain, 0.0, 1.0) * 255 + 0.5)


def light_colours(warmth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linear RGB of lamp, daylight and ambient light; warmth -1 is cold, 1 warm."""
    lamp = np.array([1.0, 0.92 - 0.06 * warmth, 0.80 - 0.15 * warmth]) * 1.05
    day = np.array([0.95, 0.97, 1.0 - 0.1 * warmth]) * (0.35 - 0.12 * warmth)
    ambient = np.array([0.50, 0.50, 0.49 - 0.05 * warmth])
    return lamp.astype(np.float32), day.astype(np.float32), ambient.astype(np.float32)
