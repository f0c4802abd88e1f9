"""The textures: colour, gloss and glow of a surface from where it is, compiled and called for every pixel.

Patterns finer than a pixel fade into their mean, as an image would show them.
"""

from __future__ import annotations

import math

import numba

from ago_ros.datasets.procedural.materials import Material
from ago_ros.datasets.procedural.noise import Shade, Values, clamp, fraction, hashed, noise2, noise3

PAINT, GLASS, METAL = int(Material.PAINT), int(Material.GLASS), int(Material.METAL)
BRICK, PLASTER, CURTAIN_WALL, BRICK_WALL = (
    int(Material.BRICK),
    int(Material.PLASTER),
    int(Material.CURTAIN_WALL),
    int(Material.BRICK_WALL),
)
CONCRETE, WOOD, FOLIAGE, BARK, CLOTH = (
    int(Material.CONCRETE),
    int(Material.WOOD),
    int(Material.FOLIAGE),
    int(Material.BARK),
    int(Material.CLOTH),
)
LAMP, BANDS, TILES, CHEVRONS, FUR = (
    int(Material.LAMP),
    int(Material.BANDS),
    int(Material.TILES),
    int(Material.CHEVRONS),
    int(Material.FUR),
)
CABIN, COACH, LATTICE, SIGN, CORRUGATED = (
    int(Material.CABIN),
    int(Material.COACH),
    int(Material.LATTICE),
    int(Material.SIGN),
    int(Material.CORRUGATED),
)


@numba.njit(fastmath=True)
def sharpness(feature: float, footprint: float) -> float:
    """How much of a pattern of size `feature` survives in pixels of size `footprint`, 0..1 (metres both)."""
    return clamp(1.5 * feature / (footprint + 1e-6) - 0.75, 0.0, 1.0)


@numba.njit(fastmath=True)
def brickwork(u: float, v: float, footprint: float) -> float:
    """Tone of a brick wall: bricks differ, joints are pale."""
    row = math.floor(v / 0.09)
    shifted = u / 0.26 + 0.5 * (row % 2)
    tone = 0.75 + 0.5 * hashed(math.floor(shifted), int(row), 7)
    joint = fraction(v / 0.09) < 0.14 or fraction(shifted) < 0.06
    keep = sharpness(0.12, footprint)
    return (1.5 if joint else tone) * keep + 1.08 * (1 - keep)


@numba.njit(fastmath=True)
def facade(
    material: int,
    u: float,
    v: float,
    wide: float,
    high: float,
    colour: Values,
    second: Values,
    seed: float,
    footprint: float,
    dusk: float,
) -> Shade:
    """A wall with rows of windows: returns red, green, blue, gloss and glow."""
    column, storey = math.floor(u / wide), math.floor(v / high)
    fu, fv = fraction(u / wide), fraction(v / high)
    lot = hashed(int(column), int(storey), int(seed * 1000))
    if material == CURTAIN_WALL:
        mullion = min(fu, 1 - fu) * wide < 0.06 or fv * high < 0.35
        keep = sharpness(0.2, footprint)
        tint = 0.8 + 0.4 * lot
        share = (0.0 if mullion else 1.0) * keep + 0.82 * (1 - keep)
        glow = 0.6 * dusk if lot > 0.6 and not mullion else 0.0
        return (
            0.45 * (1 - share) + colour[0] * tint * share,
            0.46 * (1 - share) + colour[1] * tint * share,
            0.47 * (1 - share) + colour[2] * tint * share,
            0.75 * share,
            glow,
        )
    left = 0.24 + 0.06 * hashed(3, int(seed * 1000), 1)
    inside = left < fu < 1 - left and 0.26 < fv < 0.80 and v > 0.3
    if inside:
        edge = min(min(fu - left, 1 - left - fu) * wide, min(fv - 0.26, 0.80 - fv) * high)
        cross = abs(fu - 0.5) * wide < 0.03
        if (edge < 0.07 or cross) and footprint < 0.25:
            return 0.75, 0.74, 0.70, 0.0, 0.0
        if lot > 0.55 and dusk > 0:
            return 0.9, 0.62, 0.25, 0.1, 0.9 * dusk
        curtain = 0.35 if fraction(lot * 7) > 0.6 and fv > 0.5 else 0.0
        return second[0] + curtain, second[1] + curtain, second[2] + curtain * 0.9, 0.55 * (1 - curtain), 0.0
    tone = 0.92 + 0.16 * noise2(u * 0.7, v * 0.7, 5)
    if material == BRICK:
        tone *= brickwork(u, v, footprint)
    if 0.20 < fv < 0.26 and left - 0.05 < fu < 1.05 - left and v > 0.3:
        return 0.55, 0.53, 0.50, 0.0, 0.0
    if v < 0.5:
        tone *= 0.6
    return colour[0] * tone, colour[1] * tone, colour[2] * tone, 0.0, 0.0


@numba.njit(fastmath=True)
def surface(
    material: int,
    x: float,
    y: float,
    z: float,
    axis: int,
    colour: Values,
    second: Values,
    scale: Values,
    seed: float,
    low: Values,
    footprint: float,
    dusk: float,
) -> Shade:
    """Looks up a surface: returns red, green, blue (linear reflectance), gloss 0..1 and glow.

    x, y, z are in the part's own frame, metres; `axis` is the one that the face looks along; `low` the part's corner.
    """
    r, g, b = colour[0], colour[1], colour[2]
    u = y - low[1] if axis == 0 else x - low[0]
    v = z - low[2] if axis != 2 else y - low[1]
    a, c = scale[0], scale[1]
    if material in (BRICK, PLASTER, CURTAIN_WALL):
        if axis == 2:
            return 0.30, 0.29, 0.28, 0.0, 0.0
        return facade(material, u, v, a, c, colour, second, seed, footprint, dusk)
    tone, gloss, glow = 1.0, 0.0, 0.0
    mix = 0.0
    if material == PAINT:
        gloss = 0.35
        tone = 0.97 + 0.06 * noise3(x * 2, y * 2, z * 2)
        if z - low[2] < 0.25:
            tone *= 0.8
    elif material == GLASS:
        gloss = 0.8
    elif material == METAL:
        gloss = 0.4
        tone = 0.85 + 0.3 * noise3(x * 5, y * 5, z * 5)
    elif material == BRICK_WALL:
        tone = brickwork(u, v, footprint)
    elif material == CONCRETE:
        tone = (
            0.75
            + 0.3 * noise3(x * 1.5, y * 1.5, z * 1.5)
            + 0.25 * noise3(x * 9, y * 9, z * 9) * sharpness(0.1, footprint)
        )
    elif material == WOOD:
        plank = math.floor(u / 0.16)
        tone = (
            0.7
            + 0.45 * hashed(int(plank), int(seed * 1000), 3) * sharpness(0.16, footprint)
            + 0.2 * noise3(u * 20, v * 1.5, seed * 9)
        )
        if fraction(u / 0.16) < 0.1:
            tone *= 1 - 0.5 * sharpness(0.08, footprint)
    elif material == FOLIAGE:
        keep = sharpness(0.25, footprint)
        fine = noise3(x * 9 + seed * 50, y * 9, z * 9)
        coarse = noise3(x * 2.2, y * 2.2, z * 2.2 + seed * 50)
        tone = 0.35 + 0.7 * coarse + (1.1 * fine - 0.55) * keep + 0.1
        if c > 0.5 and noise3(x * 7, y * 7, z * 7 + 30) > 0.74:
            mix, tone = 1.0, 1.0
    elif material == BARK:
        tone = 0.5 + 0.9 * noise3(x * 12 + seed * 50, y * 12, z * 2.5)
    elif material == CLOTH:
        tone = 0.8 + 0.35 * noise3(x * 9, y * 9, z * 7)
        if c > 0.5:
            mix = sharpness(0.06, footprint) * (1.0 if fraction(z / a) < 0.4 else 0.0)
    elif material == LAMP:
        glow = a * (0.35 + 1.6 * dusk)
    elif material == BANDS:
        along = z - low[2] if c < 1.5 else x - low[0]
        mix = 1.0 if fraction(along / a + 0.25) < 0.42 else 0.0
        keep = sharpness(a * 0.5, footprint)
        mix = mix * keep + 0.42 * (1 - keep)
    elif material == TILES:
        row = math.floor(v / c)
        tone = 0.7 + 0.5 * hashed(math.floor(u / a + 0.5 * (row % 2)), int(row), 4) * sharpness(0.3, footprint)
        tone *= 0.7 + 0.4 * fraction(v / c) if footprint < 0.2 else 0.9
    elif material == CHEVRONS:
        mix = 1.0 if fraction((x + z) / a) < 0.5 else 0.0
    elif material == FUR:
        tone = 0.75 + 0.5 * noise3(x * 25, y * 25, z * 12) * sharpness(0.05, footprint) + 0.12
        if a < 0.9 and noise3(x / a + seed * 30, y / a, z / a) > 0.55:
            mix = 1.0
    elif material == CABIN:
        glass = z - low[2] < 0.88 * c and z - low[2] > 0.08 * c
        if axis == 1:
            glass = glass and fraction((x - low[0]) / (a * 1.35) + 0.35) > 0.09
        if glass:
            mix, gloss = 1.0, 0.8
        else:
            gloss = 0.35
    elif material == COACH:
        glass = axis == 2 or fraction(u / a) > 0.08
        if glass:
            mix, gloss = 1.0, 0.7
            glow = 0.25 * dusk
    elif material == LATTICE:
        bar = fraction((x + y) / a) < 0.3 or fraction(z / a) < 0.2
        tone = (1.0 if bar else 0.35) * sharpness(a, footprint) + 0.55 * (1 - sharpness(a, footprint))
    elif material == SIGN:
        ring = max(abs(y), abs(z))
        if c < 0.5:
            mix = 1.0 if abs(z) < 0.06 and abs(y) < 0.24 else 0.0
        elif c < 1.5:
            mix = 1.0 if abs(y) < 0.05 or (z > 0.0 and abs(abs(y) - z) < 0.05) else 0.0
        else:
            mix = 1.0 if 0.27 < ring < 0.30 or (abs(y) < 0.05 and abs(z) < 0.18) else 0.0
    elif material == CORRUGATED:
        rib = fraction(u / (a * 0.5))
        tone = 0.9 + 0.2 * (1.0 if rib < 0.5 else -1.0) * sharpness(a * 0.25, footprint) * 0.6 + 0.08 * noise2(u, v, 2)
        gloss = 0.1
    r, g, b = (
        r * tone * (1 - mix) + second[0] * mix,
        g * tone * (1 - mix) + second[1] * mix,
        b * tone * (1 - mix) + second[2] * mix,
    )
    return r, g, b, gloss, glow


@numba.njit(fastmath=True)
def ground_surface(
    x: float,
    y: float,
    road: float,
    pavement: float,
    plaza: float,
    lateral: float,
    along: float,
    junction: float,
    lane_width: float,
    lanes: int,
    edge: float,
    city: bool,
    footprint: float,
    wet: float,
) -> tuple[float, float, float, float]:
    """Looks up the ground at a world position: returns red, green, blue and gloss. Distances as in `Ground`."""
    if road < 0:
        keep = sharpness(0.08, footprint)
        tone = 0.085 + 0.035 * noise2(x * 0.25, y * 0.25, 11) + 0.03 * noise2(x * 0.9, y * 3.0, 15)
        tone += (0.05 * noise2(x * 14, y * 14, 12) - 0.025) * keep
        crack = abs(noise2(x * 0.35 + 40, y * 0.35, 13) - 0.5)
        if crack < 0.006 and footprint < 0.1:
            tone *= 0.5
        tone *= 1 - 0.35 * wet
        paint = marking(lateral, along, junction, lane_width, lanes, edge)
        if paint > 0:
            wear = 0.55 + 0.3 * noise2(x * 3, y * 3, 14)
            warm = 0.75 if paint > 1.5 else 1.0
            return (
                0.95 * wear,
                0.95 * wear * (0.85 if paint > 1.5 else 1.0),
                0.95 * wear * warm * (0.35 if paint > 1.5 else 1.0),
                0.25 * wet,
            )
        gloss = 0.45 * wet * clamp(2.2 * noise2(x * 0.2, y * 0.2, 16) - 0.5, 0.15, 1.0)
        return tone, tone, tone * 1.04, gloss
    if pavement < 0:
        if road < 0.22:
            return 0.44, 0.43, 0.41, 0.1 * wet
        joint = fraction(lateral / 0.75) < 0.045 or fraction(along / 0.75) < 0.045
        slab = hashed(math.floor(lateral / 0.75), math.floor(along / 0.75), 21)
        keep = sharpness(0.3, footprint)
        tone = 0.30 + (0.10 * slab - 0.05) * keep + 0.05 * noise2(x * 2, y * 2, 22)
        if joint:
            tone *= 1 - 0.45 * sharpness(0.06, footprint)
        return tone * (1 - 0.3 * wet), tone * 0.97 * (1 - 0.3 * wet), tone * 0.92 * (1 - 0.3 * wet), 0.2 * wet
    if plaza < 0:
        row = math.floor(y / 0.18)
        stone = hashed(math.floor(x / 0.18 + 0.5 * (row % 2)), int(row), 31)
        keep = sharpness(0.18, footprint)
        tone = 0.72 + 0.5 * stone * keep + 0.25 * (1 - keep)
        return 0.33 * tone, 0.26 * tone, 0.22 * tone, 0.15 * wet
    keep = sharpness(0.15, footprint)
    patch = noise2(x * 0.12, y * 0.12, 41)
    blade = (noise2(x * 12, y * 12, 42) - 0.5) * keep
    tone = 0.75 + 0.5 * noise2(x * 0.8, y * 0.8, 43) + 0.6 * blade
    if patch > (0.55 if city else 0.72):
        return 0.30 * tone, 0.24 * tone, 0.16 * tone, 0.0
    return (0.11 + 0.08 * patch) * tone, 0.20 * tone, 0.055 * tone, 0.0


@numba.njit(fastmath=True)
def marking(lateral: float, along: float, junction: float, lane_width: float, lanes: int, edge: float) -> float:
    """Road paint at a place: 0 none, 1 white, 2 yellow."""
    if junction < 3.0:
        return 0.0
    side = abs(lateral)
    if junction < 6.2:
        return 1.0 if fraction(lateral / 1.1) < 0.5 and 3.3 < junction < 5.9 else 0.0
    if 6.8 < junction < 7.2:
        return 1.0
    if abs(side - 0.13) < 0.06:
        return 2.0
    for lane in range(1, lanes):
        if abs(side - lane * lane_width) < 0.07 and fraction(along / 9.0) < 0.38:
            return 1.0
    if abs(side - lanes * lane_width) < 0.07:
        return 1.0
    if edge > 2.0 and side > lanes * lane_width and fraction(along / 6.0) < 0.018:
        return 1.0
    return 0.0
