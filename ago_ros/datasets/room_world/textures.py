"""The textures of rooms: colour, gloss and glow of a surface from where it is, compiled and called for every sample."""

# mypy: disable-error-code="no-untyped-def"
# What numba compiles takes its types from its calls.

from __future__ import annotations

import math

import numba

from ago_ros.datasets.procedural.noise import clamp, fraction, hashed, noise2, noise3
from ago_ros.datasets.room_world.finishes import Finish

PLASTIC, METAL, WOOD, CERAMIC = int(Finish.PLASTIC), int(Finish.METAL), int(Finish.WOOD), int(Finish.CERAMIC)
FABRIC, LEATHER, GLASS, PAPER = int(Finish.FABRIC), int(Finish.LEATHER), int(Finish.GLASS), int(Finish.PAPER)
WICKER, MARBLE, RUBBER, FOLIAGE = int(Finish.WICKER), int(Finish.MARBLE), int(Finish.RUBBER), int(Finish.FOLIAGE)
LAMP, PARQUET, WALLPAPER, TILES = int(Finish.LAMP), int(Finish.PARQUET), int(Finish.WALLPAPER), int(Finish.TILES)
CARPET, SCREEN, LABEL, STRIPES = int(Finish.CARPET), int(Finish.SCREEN), int(Finish.LABEL), int(Finish.STRIPES)
CHECKS, FUR, FOOD, PICTURE = int(Finish.CHECKS), int(Finish.FUR), int(Finish.FOOD), int(Finish.PICTURE)
KEYS, DIAL, SKY, PAGES = int(Finish.KEYS), int(Finish.DIAL), int(Finish.SKY), int(Finish.PAGES)
MIRROR, GLOBE, SPECKLES, BALL = int(Finish.MIRROR), int(Finish.GLOBE), int(Finish.SPECKLES), int(Finish.BALL)


@numba.njit(fastmath=True)
def wood_tone(u, v, seed):
    """Grain along v."""
    ring = noise2(u * 9 + seed * 40, v * 1.2, 3) * 6 + u * 14
    return 0.82 + 0.2 * math.sin(ring * 2.2) * 0.5 + 0.3 * (noise2(u * 70, v * 4 + seed * 9, 8) - 0.5)


@numba.njit(fastmath=True)
def patterned(finish, x, y, z, u, v, axis, scale, seed):
    """Returns tone, mix with the second colour, gloss and glow."""
    tone, mix, gloss, glow = 1.0, 0.0, 0.0, 0.0
    if finish == PLASTIC:
        gloss = 0.3
    elif finish == METAL:
        gloss = 0.75
        tone = 0.85 + 0.3 * noise3(x * 4, y * 4, z * 40)
    elif finish == WOOD:
        gloss = 0.1
        tone = wood_tone(v, u, seed) if axis == 2 else wood_tone(u, v, seed)
    elif finish == CERAMIC:
        gloss = 0.45
    elif finish == FABRIC:
        tone = 0.8 + 0.4 * noise3(x * 130, y * 130, z * 130) * 0.6 + 0.25 * noise3(x * 9, y * 9, z * 9)
    elif finish == STRIPES:
        mix = 1.0 if fraction(v / (0.09 * scale)) < 0.42 else 0.0
        tone = 0.9 + 0.2 * noise3(x * 100, y * 100, z * 100)
    elif finish == CHECKS:
        a = fraction(u / (0.08 * scale)) < 0.5
        b = fraction(v / (0.08 * scale)) < 0.5
        mix = 1.0 if a and b else 0.45 if a or b else 0.0
    elif finish == LEATHER:
        gloss = 0.25
        tone = 0.8 + 0.35 * noise3(x * 45, y * 45, z * 45)
    elif finish == GLASS:
        gloss = 0.95
        tone = 0.85 + 0.2 * noise3(x * 12, y * 12, z * 5)
    elif finish == PAPER:
        tone = 0.93 + 0.1 * noise3(x * 20, y * 20, z * 20)
    elif finish == WICKER:
        row = math.floor(v / 0.022)
        strand = fraction(u / 0.03 + 0.5 * (int(row) % 2))
        tone = 0.45 + 0.75 * math.sin(math.pi * fraction(v / 0.022)) * (0.35 + 0.65 * math.sin(math.pi * strand))
    elif finish == MARBLE:
        gloss = 0.35
        vein = abs(noise3(x * 5 + seed * 30, y * 5, z * 5) + 0.4 * noise3(x * 15, y * 15, z * 15 + seed * 9) - 0.7)
        mix = clamp(1 - vein * 11, 0.0, 1.0)
        tone = 0.9 + 0.2 * noise3(x * 30, y * 30, z * 30)
    elif finish == RUBBER:
        gloss = 0.08
    elif finish == FOLIAGE:
        gloss = 0.15
        tone = 0.6 + 0.9 * noise3(x * 25, y * 25, z * 25)
    elif finish == LAMP:
        glow = 0.9
    elif finish == PARQUET:
        gloss = 0.22
        row = math.floor(u / 0.11)
        shifted = v / 0.9 + 0.37 * row
        plank = hashed(int(row), math.floor(shifted), int(seed * 1000))
        tone = (0.75 + 0.45 * plank) * wood_tone(u + plank * 3, v, seed)
        if fraction(u / 0.11) < 0.03 or fraction(shifted) < 0.006:
            tone *= 0.5
    elif finish == WALLPAPER:
        a, b = fraction(u / 0.24) - 0.5, fraction(v / 0.24 + 0.5 * (math.floor(u / 0.24) % 2)) - 0.5
        if seed < 0.5:
            mix = 1.0 if fraction(u / 0.16) < 0.5 else 0.0
        else:
            mix = 1.0 if a * a + b * b < 0.03 + 0.02 * math.cos(5 * math.atan2(b, a)) else 0.0
    elif finish == TILES:
        gloss = 0.35
        size = 0.3 if scale > 0.99 else 0.06
        cell = hashed(math.floor(u / size), math.floor(v / size), int(seed * 1000))
        tone = 0.9 + 0.2 * cell
        mix = 1.0 if fraction(u / size) < 0.025 or fraction(v / size) < 0.025 else 0.0
    elif finish == CARPET:
        tone = 0.75 + 0.5 * noise3(x * 60, y * 60, z * 60)
        mix = 0.25 * noise2(u * 4, v * 4, 6)
    elif finish == FUR:
        tone = 0.65 + 0.75 * noise3(x * 90, y * 90, z * 40)
    elif finish == FOOD:
        gloss = 0.12
        tone = 0.85 + 0.3 * noise3(x * 35, y * 35, z * 35)
    elif finish == KEYS:
        mix = 1.0 if fraction(u / 0.019) < 0.16 or fraction(v / 0.019) < 0.16 else 0.0
    elif finish == PAGES:
        tone = 0.8 + 0.25 * (1.0 if fraction((z if axis != 2 else u) / 0.004) < 0.5 else 0.0)
    elif finish == MIRROR:
        gloss = 1.0
    elif finish == SPECKLES:
        gloss = 0.2
        mix = 1.0 if noise3(x * 12 * scale, y * 12 * scale, z * 12 * scale + seed * 20) > 0.64 else 0.0
    elif finish == GLOBE:
        gloss = 0.3
        mix = 1.0 if noise3(x / scale * 2.2 + 5, y / scale * 2.2 + 5, z / scale * 2.2) > 0.54 else 0.0
    elif finish == BALL:
        r = scale * 0.045
        curve = abs(abs(y) - 0.55 * scale - 0.25 * (z * z) / scale) < r
        mix = 1.0 if abs(x) < r or abs(z) < r or curve else 0.0
        tone = 0.85 + 0.3 * noise3(x * 150, y * 150, z * 150)
    elif finish == LABEL:
        line = fraction(v / (0.11 * scale))
        mix = 1.0 if line < 0.4 and hashed(math.floor(v / (0.11 * scale)), 5, 1) > 0.35 else 0.0
        if axis != 2 and noise2(u / (0.05 * scale), v / (0.02 * scale), 4) < 0.45:
            mix *= 0.4
    return tone, mix, gloss, glow


@numba.njit(fastmath=True)
def pictured(finish, u, v, wide, high, colour, second, scale, seed, y, z):
    """Surfaces that show something in several colours: screens, pictures, clock faces, the sky."""
    fu, fv = u / max(wide, 1e-3), v / max(high, 1e-3)
    if finish == SKY:
        cloud = noise2(u * 3, v * 5, 17)
        ground = 1.0 if fv < 0.25 + 0.1 * noise2(u * 4, 0.0, 3) else 0.0
        r, g, b = 0.45 + 0.4 * cloud, 0.62 + 0.25 * cloud, 0.9
        return r * (1 - ground) + 0.15 * ground, g * (1 - ground) + 0.28 * ground, b * (1 - ground) + 0.1 * ground
    if finish == SCREEN:
        glow = 0.5 + 0.5 * noise2(fu * 3 + seed * 9, fv * 3, 23)
        bar = 0.5 if fv > 0.92 else 0.0
        window = 0.45 if 0.15 < fu < 0.6 and 0.2 < fv < 0.75 else 0.0
        return (
            0.02 + colour[0] * 0.3 * glow + bar + window * 0.8,
            0.04 + colour[1] * 0.3 * glow + bar + window * 0.85,
            0.10 + colour[2] * 0.3 * glow + bar + window,
        )
    if finish == DIAL:
        radius = math.sqrt(y * y + z * z) / scale
        angle = math.atan2(z, y)
        tick = radius > 0.62 and fraction(angle * 12 / 6.283185 + 0.5 + 0.06) < 0.12
        hand = (abs(y) < 0.045 * scale and 0 < z < 0.62 * scale) or (
            abs(z - 0.3 * y) < 0.05 * scale and 0 < y < 0.42 * scale
        )
        ink = 0.04 if tick or hand else 0.82
        return ink, ink, ink
    hill = 0.35 + 0.25 * noise2(fu * 3, 1.0, int(colour[0] * 997))
    if fv < hill:
        shade = 0.6 + 0.6 * noise2(fu * 9, fv * 9, 31)
        return colour[0] * shade, colour[1] * shade, colour[2] * shade
    if (fu - 0.7) ** 2 + (fv - 0.75) ** 2 < 0.012:
        return 0.85, 0.7, 0.3
    return 0.35 + 0.4 * fv, 0.5 + 0.3 * fv, 0.62 + 0.2 * fv


@numba.njit(fastmath=True)
def surface(finish, x, y, z, axis, colour, second, scale, seed, low, high):
    """Looks up a surface: returns red, green, blue (linear reflectance), gloss 0..1 and glow.

    x, y, z are in the part's own frame, metres; `axis` is the one that the face looks along; `low` and `high` the
    part's corners.
    """
    u = y - low[1] if axis == 0 else x - low[0]
    v = z - low[2] if axis != 2 else y - low[1]
    if finish in (SCREEN, PICTURE, SKY, DIAL):
        wide = high[1] - low[1] if axis == 0 else high[0] - low[0]
        tall = high[2] - low[2] if axis != 2 else high[1] - low[1]
        a, b = (x, y) if finish == DIAL else (y, z)
        r, g, b = pictured(finish, u, v, wide, tall, colour, second, scale[0], seed, a, b)
        return r, g, b, 0.3 if finish == SCREEN else 0.1, 0.7 if finish == SCREEN else 1.2 if finish == SKY else 0.0
    tone, mix, gloss, glow = patterned(finish, x, y, z, u, v, axis, scale[0], seed)
    return (
        colour[0] * tone * (1 - mix) + second[0] * mix,
        colour[1] * tone * (1 - mix) + second[1] * mix,
        colour[2] * tone * (1 - mix) + second[2] * mix,
        gloss,
        glow,
    )
