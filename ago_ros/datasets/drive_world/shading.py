"""Turns hits into colours: texture, sun, shadow, sky light, gloss, haze, exposure; compiled, parallel over pixels."""

from __future__ import annotations

import math

import numba
import numpy as np

from ago_ros.datasets.drive_world.textures import ground_surface, surface
from ago_ros.datasets.procedural.noise import Values, clamp, hashed, noise2

GAMMA_STEPS = 4096
GAMMA = np.clip(np.linspace(0, 1, GAMMA_STEPS) ** (1 / 2.2), 0, 1).astype(np.float32)


@numba.njit(fastmath=True)
def sky(dx: float, dy: float, dz: float, w: Values) -> tuple[float, float, float]:
    """Colour of the sky in a unit direction, clouds and sun's glow included."""
    up = clamp(dz, 0.0, 1.0)
    share = math.sqrt(up)
    r = w[12] * (1 - share) + w[9] * share
    g = w[13] * (1 - share) + w[10] * share
    b = w[14] * (1 - share) + w[11] * share
    if dz > 0.02 and w[17] > 0.0:
        px, py = dx / (dz + 0.12), dy / (dz + 0.12)
        cover = (
            0.6 * noise2(px * 1.6, py * 1.6, 91)
            + 0.3 * noise2(px * 4.1, py * 4.1, 92)
            + 0.1 * noise2(px * 11, py * 11, 93)
        )
        amount = clamp((cover - 1.0 + 0.75 * w[17] + 0.12) * 3.0, 0.0, 1.0) * clamp(dz * 6, 0.0, 1.0) * 0.8
        light = 0.75 + 0.35 * cover
        r = r * (1 - amount) + amount * light * (0.35 + 0.6 * w[12])
        g = g * (1 - amount) + amount * light * (0.35 + 0.6 * w[13])
        b = b * (1 - amount) + amount * light * (0.35 + 0.6 * w[14])
    facing = dx * w[0] + dy * w[1] + dz * w[2]
    if facing > 0.9:
        glow = clamp((facing - 0.9) * 10, 0.0, 1.0) ** 6
        r, g, b = r + w[3] * glow * 0.6, g + w[4] * glow * 0.6, b + w[5] * glow * 0.6
    return r, g, b


@numba.njit(fastmath=True)
def bilinear(values: Values, x: float, y: float) -> float:
    """Reads a map between its cells, clamped at its rim."""
    nx, ny = values.shape
    x, y = clamp(x, 0.0, nx - 1.001), clamp(y, 0.0, ny - 1.001)
    i, j = int(x), int(y)
    fx, fy = x - i, y - j
    low = values[i, j] * (1 - fx) + values[i + 1, j] * fx
    return low * (1 - fy) + (values[i, j + 1] * (1 - fx) + values[i + 1, j + 1] * fx) * fy


@numba.njit(parallel=True, fastmath=True, cache=True)
def surface_frames(
    origin: Values,
    directions: Values,
    distance: Values,
    triangle: Values,
    uv: Values,
    facet: Values,
    part: Values,
    normals: Values,
    to_sun: Values,
    normal: Values,
    start: Values,
    facing: Values,
) -> None:
    """Finds where shadow rays start: writes unit normals and starts, (N, 3), and whether the sun is in front, (N,)."""
    for i in numba.prange(len(distance)):
        tri = triangle[i]
        facing[i] = False
        if tri == -1:
            continue
        nx, ny, nz = facet[i, 0], facet[i, 1], facet[i, 2]
        if tri >= 0:
            u, v = uv[i, 0], uv[i, 1]
            w = 1 - u - v
            nx = normals[tri, 0, 0] * w + normals[tri, 1, 0] * u + normals[tri, 2, 0] * v
            ny = normals[tri, 0, 1] * w + normals[tri, 1, 1] * u + normals[tri, 2, 1] * v
            nz = normals[tri, 0, 2] * w + normals[tri, 1, 2] * u + normals[tri, 2, 2] * v
        length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
        if tri < 0 and nz < 0:
            length = -length
        nx, ny, nz = nx / length, ny / length, nz / length
        normal[i, 0], normal[i, 1], normal[i, 2] = nx, ny, nz
        lift = 0.01 + 0.0006 * distance[i]
        for k in range(3):
            start[i, k] = origin[k] + directions[i, k] * distance[i] + normal[i, k] * lift
        facing[i] = nx * to_sun[0] + ny * to_sun[1] + nz * to_sun[2] > 0.02


@numba.njit(parallel=True, fastmath=True, cache=True)
def shade(
    origin: Values,
    directions: Values,
    distance: Values,
    triangle: Values,
    uv: Values,
    normal: Values,
    lit: Values,
    pixel_angle: float,
    part: Values,
    axis: Values,
    texture: Values,
    material: Values,
    colour: Values,
    second: Values,
    scale: Values,
    seed: Values,
    low: Values,
    ground_origin: Values,
    cell: float,
    road: Values,
    pavement: Values,
    plaza: Values,
    lateral: Values,
    along: Values,
    junction: Values,
    layout: Values,
    weather: Values,
    noise: float,
    noise_seed: int,
    gamma: Values,
    image: Values,
) -> None:
    """Writes the (N, 3) uint8 colour of every pixel. Directions are unit; `weather` as `Weather.packed` orders it."""
    w = weather
    for i in numba.prange(len(distance)):
        dx, dy, dz = directions[i, 0], directions[i, 1], directions[i, 2]
        tri, t = triangle[i], distance[i]
        nx, ny, nz = normal[i, 0], normal[i, 1], normal[i, 2]
        sunlit = lit[i]
        if tri == -1 and dz < -0.004:
            tri, t = -2, -origin[2] / dz
            nx, ny, nz = 0.0, 0.0, 1.0
            sunlit = True
        if tri == -1:
            r, g, b = sky(dx, dy, dz, w)
        else:
            gloss, glow = 0.0, 0.0
            slant = clamp(-(nx * dx + ny * dy + nz * dz), 0.06, 1.0)
            footprint = pixel_angle * t / math.sqrt(slant)
            if tri == -2:
                x, y = origin[0] + dx * t, origin[1] + dy * t
                gx, gy = (x - ground_origin[0]) / cell, (y - ground_origin[1]) / cell
                r, g, b, gloss = ground_surface(
                    x, y,
                    bilinear(road, gx, gy), bilinear(pavement, gx, gy), bilinear(plaza, gx, gy),
                    bilinear(lateral, gx, gy), bilinear(along, gx, gy), bilinear(junction, gx, gy),
                    layout[0], int(layout[1]), layout[2], layout[3] > 0.5, footprint, w[16],
                )  # fmt: skip
            else:
                p = part[tri]
                u, v = uv[i, 0], uv[i, 1]
                a = 1 - u - v
                tx = texture[tri, 0, 0] * a + texture[tri, 1, 0] * u + texture[tri, 2, 0] * v
                ty = texture[tri, 0, 1] * a + texture[tri, 1, 1] * u + texture[tri, 2, 1] * v
                tz = texture[tri, 0, 2] * a + texture[tri, 1, 2] * u + texture[tri, 2, 2] * v
                r, g, b, gloss, glow = surface(
                    material[p],
                    tx,
                    ty,
                    tz,
                    axis[tri],
                    colour[p],
                    second[p],
                    scale[p],
                    seed[p],
                    low[p],
                    footprint,
                    w[18],
                )
            down = 0.5 - 0.5 * nz
            sun = clamp(nx * w[0] + ny * w[1] + nz * w[2], 0.0, 1.0) if sunlit else 0.0
            sky_light = (0.55 + 0.45 * nz) * (1 - down) + 0.12
            er = sun * w[3] + sky_light * w[6] + 0.12 * down
            eg = sun * w[4] + sky_light * w[7] + 0.11 * down
            eb = sun * w[5] + sky_light * w[8] + 0.10 * down
            base_r, base_g, base_b = r, g, b
            r, g, b = r * er, g * eg, b * eb
            if gloss > 0:
                dot = nx * dx + ny * dy + nz * dz
                mx, my, mz = dx - 2 * dot * nx, dy - 2 * dot * ny, dz - 2 * dot * nz
                mirror = gloss * (0.10 + 0.75 * (1 - clamp(-dot, 0.0, 1.0)) ** 3)
                if mz > -0.05:
                    sr, sg, sb = sky(mx, my, clamp(mz, 0.0, 1.0), w)
                else:
                    sr, sg, sb = 0.22 * w[6], 0.21 * w[7], 0.20 * w[8]
                r, g, b = r * (1 - mirror) + sr * mirror, g * (1 - mirror) + sg * mirror, b * (1 - mirror) + sb * mirror
                if sunlit:
                    shine = gloss * clamp(mx * w[0] + my * w[1] + mz * w[2], 0.0, 1.0) ** 60 * 2.0
                    r, g, b = r + shine * w[3], g + shine * w[4], b + shine * w[5]
            r, g, b = r + glow * base_r, g + glow * base_g, b + glow * base_b
            clear = math.exp(-w[15] * t)
            r = r * clear + w[12] * (1 - clear)
            g = g * clear + w[13] * (1 - clear)
            b = b * clear + w[14] * (1 - clear)
        gain = w[19]
        for k in range(3):
            value = (r if k == 0 else g if k == 1 else b) * gain
            value = value / (1 + 0.35 * value)
            grain = hashed(i, k, noise_seed) + hashed(i, k + 3, noise_seed) + hashed(i, k + 6, noise_seed) - 1.5
            value = gamma[int(clamp(value, 0.0, 1.0) * (len(gamma) - 1))] + 2.0 * noise * grain
            image[i, k] = int(clamp(value, 0.0, 1.0) * 255 + 0.5)
