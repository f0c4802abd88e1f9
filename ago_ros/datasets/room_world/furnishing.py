"""Furnishes rooms: furniture along the walls, things on the walls, small things on and in what stands there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ago_ros.datasets.procedural.materials import Paint
from ago_ros.datasets.procedural.shapes import Part, box
from ago_ros.datasets.room_world.catalogue import CLASSES, FURNITURE, HUNG, KINDS, RUG, SHOWROOM, SMALL, ObjectClass
from ago_ros.datasets.room_world.finishes import COLOURS, SEEN_COLOURS, Finish, Look, disguise, draw_look, tint
from ago_ros.datasets.room_world.pieces import Kit, Model, Support
from ago_ros.datasets.room_world.room import Item, Room, put
from ago_ros.datasets.room_world.splits import Split, held_out

ESSENTIAL = {
    "kitchen": ("kitchen counter", "fridge", "table", "stove"),
    "living room": ("sofa", "coffee table", "bookcase", "sideboard"),
    "bedroom": ("bed", "nightstand", "wardrobe", "chest of drawers"),
    "study": ("desk", "bookcase", "office chair", "cupboard"),
    "bathroom": ("bathtub", "washbasin", "toilet"),
    "workshop": ("workbench", "bookcase", "cupboard", "crate"),
    SHOWROOM: (),
}
KIND_SHARES = (0.26, 0.22, 0.18, 0.16, 0.06, 0.12)
"""Of `KINDS`, in their order."""
WALL_M = 0.1
GAP_M = 0.03
STRUCTURE_INSTANCES = 6
_SHOWN_ON_FLOOR = 14
Rect = tuple[float, float, float, float]


@dataclass
class _Plan:
    """A room while it is being furnished."""

    rng: np.random.Generator
    split: Split
    kind: str
    size: tuple[float, float, float]
    items: list[Item] = field(default_factory=list)
    floor: list[Rect] = field(default_factory=list)
    walls: list[tuple[int, float, float, float, float]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def allows(self, spec: ObjectClass) -> bool:
        """Whether the split lets a class into this room."""
        if spec.novel and not self.split.novel_classes:
            return False
        return self.split.novel_pairs or not any(held_out(spec.name, other) for other in self.names)

    def add(
        self, spec: ObjectClass, drawn: _Drawn, pose: tuple[float, float, float, float], parent: int, relation: str
    ) -> Item:
        """Puts a drawn thing into the room."""
        item = Item(
            len(self.items) + 1,
            spec.name,
            drawn.look,
            drawn.size_word,
            put(drawn.model.parts, pose),
            pose,
            drawn.model.supports,
            drawn.model.state,
            parent,
            relation,
        )
        self.items.append(item)
        self.names.add(spec.name)
        return item


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A thing that has no place yet; `size` is its footprint's length and width, and its height."""

    model: Model
    look: Look
    size_word: str
    size: tuple[float, float, float]
    low: tuple[float, float]


def _draw(plan: _Plan, spec: ObjectClass) -> _Drawn:
    """Draws size, look and shape. Every thing has its own source of chance, so that looks do not move the plan."""
    own = np.random.default_rng(int(plan.rng.integers(1 << 62)))
    shape_rng, look_rng = own.spawn(2)
    scale = float(shape_rng.uniform(1 - spec.spread, 1 + spec.spread))
    stretch = shape_rng.uniform(0.95, 1.05, 3)
    if plan.split.novel_looks:
        stretch = np.where(look_rng.random(3) < 0.5, look_rng.uniform(0.78, 0.88, 3), look_rng.uniform(1.1, 1.2, 3))
    if spec.size[0] == spec.size[1]:
        stretch[1] = stretch[0]
    l, w, h = np.asarray(spec.size) * scale * stretch  # noqa: E741
    look = draw_look(look_rng, spec.substances, spec.colours, novel=plan.split.novel_looks)
    if plan.split.disguised:
        look = disguise(look, look_rng)
    model = spec.build(Kit(shape_rng, float(l), float(w), float(h), look.main, look.trim))
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in model.parts])
    low, high = corners.min(axis=0), corners.max(axis=0)
    model = Model(_grounded(model, float(low[2])), model.supports, model.state)
    word = "small" if scale < 1 - 0.6 * spec.spread else "large" if scale > 1 + 0.6 * spec.spread else ""
    extent = high - low
    return _Drawn(
        model,
        look,
        word,
        (float(extent[0]), float(extent[1]), float(high[2] - min(low[2], 0.0))),
        (float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2)),
    )


def _grounded(model: Model, low: float) -> list[Part]:
    """Lifts parts that reach below the ground."""
    return list(put(model.parts, (0.0, 0.0, -low, 0.0))) if low < -1e-6 else model.parts


def _overlaps(rect: Rect, others: list[Rect], gap: float) -> bool:
    return any(
        rect[0] < o[1] + gap and o[0] < rect[1] + gap and rect[2] < o[3] + gap and o[2] < rect[3] + gap for o in others
    )


def furnish(seed: int, split: Split, kind: str | None = None) -> Room:
    """Draws a room.

    Args:
        seed: the same seed and split give the same room.
        split: what may be in it and how it may look.
        kind: of room, or `SHOWROOM`, where any class is as likely as any other, on the floor too; None draws it.
    """
    rng = np.random.default_rng([seed, 77])
    kind = kind or str(rng.choice(list(KINDS), p=KIND_SHARES))
    size = (float(rng.uniform(3.4, 5.0)), float(rng.uniform(3.4, 5.0)), float(rng.uniform(2.4, 2.8)))
    plan = _Plan(rng, split, kind, size)
    plan.items.extend(_structure(np.random.default_rng([seed, 78]), size, split))
    _fixtures(plan)
    essential = [CLASSES[name] for name in ESSENTIAL[kind]]
    pool = [spec for spec in FURNITURE if spec.belongs(kind) and spec not in essential]
    novel = [spec for spec in pool if spec.novel and split.novel_classes]
    extra = [pool[int(i)] for i in rng.permutation(len(pool))[: int(rng.integers(4, 9))]]
    if kind == SHOWROOM:
        extra += [SMALL[int(i)] for i in rng.permutation(len(SMALL))[:_SHOWN_ON_FLOOR]]
    for spec in [*essential, *novel[:1], *extra]:
        if plan.allows(spec):
            _place_furniture(plan, spec)
    if rng.random() < 0.55 and RUG.belongs(kind):
        drawn = _draw(plan, RUG)
        x, y = (float(v) for v in rng.uniform(-0.5, 0.5, 2))
        plan.add(RUG, drawn, (x, y, 0.0, 0.0), 1, "on")
    _hang(plan)
    _fill(plan)
    lamp = (float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.6, 0.6)), size[2] - 0.15)
    angle = float(rng.uniform(0, 2 * np.pi))
    daylight = np.array([np.cos(angle), np.sin(angle), rng.uniform(0.5, 1.0)])
    dx, dy, dz = (float(v) for v in daylight / np.linalg.norm(daylight))
    return Room(
        seed, kind, size, tuple(plan.items), lamp, (dx, dy, dz), float(rng.uniform(-1, 1)), float(rng.uniform(0.8, 1.2))
    )


def _structure(rng: np.random.Generator, size: tuple[float, float, float], split: Split) -> list[Item]:
    """Floor, ceiling and four walls."""
    x, y, z = size
    floors = (Finish.PARQUET, Finish.PARQUET, Finish.TILES, Finish.CARPET)
    ground = tint(COLOURS[str(rng.choice(["brown", "beige", "grey", "white"]))], rng, 0.3)
    wall = tint(COLOURS[str(rng.choice(["white", "beige", "cream", "grey", "pink", "yellow", "blue", "green"]))], rng)
    r, g, b = (0.45 * c + 0.42 for c in wall)
    if split.novel_looks:
        ground, (r, g, b) = tint(COLOURS["olive"], rng, 0.3), (0.35, 0.55, 0.55)
    if split.disguised:
        ground, (r, g, b) = (tint(COLOURS[str(rng.choice(SEEN_COLOURS))], rng, 0.3) for _ in range(2))
    paper = Finish.WALLPAPER if rng.random() < 0.4 else Finish.MATTE
    floor_paint = Paint(
        Finish.MARBLE if split.novel_looks else floors[int(rng.integers(4))],
        ground,
        (0.25, 0.23, 0.2),
        (1.0, 1.0),
        float(rng.random()),
    )
    wall_paint = Paint(paper, (r, g, b), (0.9 * r, 0.88 * g, 0.85 * b), (1.0, 1.0), float(rng.random()))
    ceiling = Paint(Finish.MATTE, (0.82, 0.82, 0.80))
    t = WALL_M
    slabs = [
        ("floor", box((0, 0, -t / 2), (x + 2 * t, y + 2 * t, t), floor_paint)),
        ("ceiling", box((0, 0, z + t / 2), (x + 2 * t, y + 2 * t, t), ceiling)),
        ("wall", box((-x / 2 - t / 2, 0, z / 2), (t, y, z), wall_paint)),
        ("wall", box((0, -y / 2 - t / 2, z / 2), (x, t, z), wall_paint)),
        ("wall", box((x / 2 + t / 2, 0, z / 2), (t, y, z), wall_paint)),
        ("wall", box((0, y / 2 + t / 2, z / 2), (x, t, z), wall_paint)),
    ]
    return [Item(i + 1, name, None, "", (part,), (0.0, 0.0, 0.0, 0.0)) for i, (name, part) in enumerate(slabs)]


def _wall_pose(plan: _Plan, side: int, along: float, depth: float, z: float) -> tuple[float, float, float, float]:
    """Pose of a thing whose back is on wall `side` (0: -x, 1: -y, 2: +x, 3: +y), `depth` from it to its middle."""
    half = plan.size[side % 2] / 2 - depth
    yaw = side * np.pi / 2
    c, s = round(float(np.cos(yaw))), round(float(np.sin(yaw)))
    return (-c * half - s * along, -s * half + c * along, z, yaw)


def _rect(drawn: _Drawn, pose: tuple[float, float, float, float]) -> Rect:
    """Footprint of a thing at a pose, as an axis-aligned rectangle: x low, x high, y low, y high."""
    x, y, _, yaw = pose
    c, s = float(np.cos(yaw)), float(np.sin(yaw))
    cx, cy = x + c * drawn.low[0] - s * drawn.low[1], y + s * drawn.low[0] + c * drawn.low[1]
    hx = (abs(c) * drawn.size[0] + abs(s) * drawn.size[1]) / 2
    hy = (abs(s) * drawn.size[0] + abs(c) * drawn.size[1]) / 2
    return cx - hx, cx + hx, cy - hy, cy + hy


def _inside(rect: Rect, size: tuple[float, float, float]) -> bool:
    return rect[0] >= -size[0] / 2 and rect[1] <= size[0] / 2 and rect[2] >= -size[1] / 2 and rect[3] <= size[1] / 2


def _place_furniture(plan: _Plan, spec: ObjectClass) -> None:
    """Tries places for a piece of furniture; a table brings chairs."""
    drawn = _draw(plan, spec)
    rng = plan.rng
    for _ in range(12):
        if spec.place == "wall":
            side = int(rng.integers(4))
            room = plan.size[1 - side % 2] / 2 - drawn.size[1] / 2
            if room <= 0:
                continue
            pose = _wall_pose(plan, side, float(rng.uniform(-room, room)), drawn.size[0] / 2 - drawn.low[0] + 0.01, 0.0)
        else:
            yaw = float(rng.integers(4)) * np.pi / 2 + float(rng.uniform(-0.3, 0.3)) * (
                spec.name not in ("table", "coffee table")
            )
            x, y = (float(rng.uniform(-s / 2 + 0.2, s / 2 - 0.2)) for s in plan.size[:2])
            if spec.name in ("table", "coffee table"):
                x, y = x * 0.35, y * 0.35
            pose = (x, y, 0.0, yaw)
        rect = _rect(drawn, pose)
        if _inside(rect, plan.size) and not _overlaps(rect, plan.floor, 0.06):
            plan.floor.append(rect)
            item = plan.add(spec, drawn, pose, 1, "on")
            if spec.name in ("table", "desk"):
                _add_chairs(plan, item, drawn)
            return


def _add_chairs(plan: _Plan, item: Item, drawn: _Drawn) -> None:
    """Tucks chairs under a table, or one before a desk."""
    x, y, _, yaw = item.pose
    spec = CLASSES["chair"]
    if not plan.allows(spec):
        return
    sides = (0,) if item.name == "desk" else tuple(range(int(plan.rng.integers(1, 5))))
    for side in sides:
        chair = _draw(plan, spec)
        reach = (drawn.size[0] if side % 2 == 0 else drawn.size[1]) / 2 + float(plan.rng.uniform(0.08, 0.2))
        turn = yaw + side * np.pi / 2
        pose = (x + float(np.cos(turn)) * reach, y + float(np.sin(turn)) * reach, 0.0, turn + np.pi)
        rect = _rect(chair, pose)
        if _inside(rect, plan.size) and not _overlaps(rect, [r for r in plan.floor if r != plan.floor[-1]], 0.02):
            plan.floor.insert(0, rect)
            plan.add(spec, chair, pose, 1, "on")


def _fixtures(plan: _Plan) -> None:
    """A door and a window, before anything stands in their way."""
    for name, base in (("door", 0.0), ("window", 0.95)):
        drawn = _draw(plan, CLASSES[name])
        side = int(plan.rng.integers(4))
        room = plan.size[1 - side % 2] / 2 - drawn.size[1] / 2 - 0.05
        along = float(plan.rng.uniform(-room, room))
        if any(w[0] == side and abs(w[1] - along) < (w[2] + drawn.size[1]) / 2 for w in plan.walls):
            continue
        pose = _wall_pose(plan, side, along, drawn.size[0] / 2 - drawn.low[0], base)
        plan.add(CLASSES[name], drawn, pose, 0, "")
        plan.walls.append((side, along, drawn.size[1] + 0.1, base, base + drawn.size[2]))
        if name == "door":
            x, y, _, yaw = pose
            c, s = float(np.cos(yaw)), float(np.sin(yaw))
            plan.floor.append(
                (
                    min(x, x + 0.7 * c) - abs(s) * 0.45,
                    max(x, x + 0.7 * c) + abs(s) * 0.45,
                    min(y, y + 0.7 * s) - abs(c) * 0.45,
                    max(y, y + 0.7 * s) + abs(c) * 0.45,
                )
            )


def _hang(plan: _Plan) -> None:
    """Hangs things on the free parts of the walls."""
    pool = [spec for spec in HUNG if spec.belongs(plan.kind) and spec.name not in ("door", "window")]
    heights = {"radiator": (0.12, 0.12), "curtain": (0.4, 0.5), "wall clock": (1.5, 1.8), "shelf": (1.05, 1.5)}
    boxes = [item.bounds() for item in plan.items[STRUCTURE_INSTANCES:]]
    for _ in range(int(plan.rng.integers(5, 10))):
        spec = pool[int(plan.rng.integers(len(pool)))]
        if not plan.allows(spec):
            continue
        drawn = _draw(plan, spec)
        base = float(plan.rng.uniform(*heights.get(spec.name, (1.1, 1.5))))
        for _ in range(6):
            side = int(plan.rng.integers(4))
            room = plan.size[1 - side % 2] / 2 - drawn.size[1] / 2 - 0.03
            along = float(plan.rng.uniform(-room, room))
            if any(
                w[0] == side
                and abs(w[1] - along) < (w[2] + drawn.size[1]) / 2
                and base < w[4]
                and w[3] < base + drawn.size[2]
                for w in plan.walls
            ):
                continue
            pose = _wall_pose(plan, side, along, drawn.size[0] / 2 - drawn.low[0], base)
            rect = _rect(drawn, pose)
            if any(
                low[2] < base + drawn.size[2]
                and base < high[2] + 0.25
                and _overlaps(rect, [(low[0], high[0], low[1], high[1])], 0.03)
                for low, high in boxes
            ):
                continue
            plan.add(spec, drawn, pose, 0, "")
            plan.walls.append((side, along, drawn.size[1], base, base + drawn.size[2]))
            break


def _fill(plan: _Plan) -> None:
    """Puts small things on and in every support, and then on and in those."""
    wanted = [spec for spec in SMALL if spec.belongs(plan.kind)]
    others = [spec for spec in SMALL if not spec.belongs(plan.kind) and plan.kind != "bathroom"]
    first = 0
    for _depth in range(2):
        parents = plan.items[first:]
        first = len(plan.items)
        for parent in parents:
            for support in parent.supports:
                _fill_support(plan, parent, support, wanted, others)


def _fill_support(
    plan: _Plan, parent: Item, support: Support, wanted: list[ObjectClass], others: list[ObjectClass]
) -> None:
    """Puts small things on one support, as many as its area asks for."""
    rng = plan.rng
    taken: list[Rect] = []
    count = int(np.ceil(min(7.0, 20.0 * support.length * support.width) * rng.uniform(0.3, 1.0)))
    if parent.name in ("sofa", "armchair", "bed", "chair", "stool", "bathtub"):
        count = min(count, 2)
    for _ in range(count):
        pool = others if rng.random() < 0.08 and others else wanted
        spec = _choose(plan, pool, parent)
        if spec is None or spec.size[2] > support.clear or min(spec.size[:2]) > max(support.length, support.width):
            continue
        drawn = _draw(plan, spec)
        if drawn.size[2] > support.clear:
            continue
        for _ in range(6):
            yaw = float(rng.uniform(-0.6, 0.6)) + (np.pi / 2 if rng.random() < 0.3 else 0.0)
            if spec.name in ("book", "television", "monitor"):
                yaw = float(rng.uniform(-0.1, 0.1))
            rect = _rect(drawn, (0.0, 0.0, 0.0, yaw))
            room = (support.length - (rect[1] - rect[0]), support.width - (rect[3] - rect[2]))
            if min(room) < 0:
                continue
            x = support.x + float(rng.uniform(-0.5, 0.5)) * room[0] - (rect[0] + rect[1]) / 2
            y = support.y + float(rng.uniform(-0.5, 0.5)) * room[1] - (rect[2] + rect[3]) / 2
            spot = (rect[0] + x, rect[1] + x, rect[2] + y, rect[3] + y)
            if _overlaps(spot, taken, GAP_M if support.relation == "on" else 0.005):
                continue
            taken.append(spot)
            px, py, pz, pyaw = parent.pose
            c, s = float(np.cos(pyaw)), float(np.sin(pyaw))
            plan.add(
                spec,
                drawn,
                (px + c * x - s * y, py + s * x + c * y, pz + support.z + 0.002, pyaw + yaw),
                parent.instance,
                support.relation,
            )
            break


def _choose(plan: _Plan, pool: list[ObjectClass], parent: Item) -> ObjectClass | None:
    """Draws a class that the split allows; novel classes, and held-out partners of what is there, come first."""
    rng = plan.rng
    special: list[ObjectClass] = []
    if plan.split.novel_classes and rng.random() < 0.3:
        special = [spec for spec in SMALL if spec.novel]
    elif plan.split.novel_pairs and rng.random() < 0.5:
        special = [spec for spec in SMALL if held_out(spec.name, parent.name)]
        special = special or [
            spec
            for spec in SMALL
            if any(held_out(spec.name, i.name) for i in plan.items if i.parent == parent.instance)
        ]
    choice = [spec for spec in special or pool if plan.allows(spec)]
    return choice[int(rng.integers(len(choice)))] if choice else None
