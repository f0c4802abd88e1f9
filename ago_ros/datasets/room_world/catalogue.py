"""The classes of things: names and synonyms, sizes, looks, where they belong, and how they are built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ago_ros.datasets.room_world import belongings as b
from ago_ros.datasets.room_world import furniture as f
from ago_ros.datasets.room_world import kitchenware as k
from ago_ros.datasets.room_world import receptacles as r
from ago_ros.datasets.room_world.pieces import Kit, Model

KINDS = {"kitchen": "k", "living room": "l", "bedroom": "b", "study": "s", "bathroom": "a", "workshop": "w"}
"""Kinds of rooms, and the letters that `ObjectClass.rooms` uses for them."""

SHOWROOM = "showroom"
"""Where everything is found."""


@dataclass(frozen=True)
class ObjectClass:
    """A class of things.

    Attributes:
        name: its word in captions.
        build: makes its shape.
        size: usual length, width and height, metres.
        substances: adjectives of what it is made of; "" where its name says so.
        colours: words of its colours; empty leaves it to the substance.
        rooms: letters of the kinds of room where it is found, see `KINDS`; "*" is everywhere.
        place: "wall" backs onto a wall, "floor" stands free, "hung" hangs on a wall, "small" stands on a support.
        synonym: another name that training never reads; "" if there is none.
        novel: whether training never sees or reads the class.
        spread: how much its size varies.
    """

    name: str
    build: Callable[[Kit], Model]
    size: tuple[float, float, float]
    substances: tuple[str, ...]
    colours: tuple[str, ...] = ()
    rooms: str = "*"
    place: str = "small"
    synonym: str = ""
    novel: bool = False
    spread: float = 0.12

    def belongs(self, kind: str) -> bool:
        """Whether the class is found in a kind of room."""
        return kind == SHOWROOM or self.rooms == "*" or KINDS[kind] in self.rooms


W, M, P, C, F, L, G = ("wooden",), ("metal",), ("plastic",), ("ceramic",), ("fabric",), ("leather",), ("glass",)
_O = ObjectClass

FURNITURE = (
    _O("sofa", f.sofa, (0.9, 1.9, 0.85), F + L, rooms="l", place="wall", synonym="couch"),
    _O("armchair", f.sofa, (0.85, 0.85, 0.9), F + L, rooms="lbs", place="wall", synonym="easy chair"),
    _O("bed", f.bed, (2.0, 1.3, 0.95), F, rooms="b", place="wall"),
    _O("table", f.table, (0.85, 1.2, 0.74), W, rooms="kl", place="floor", synonym="dining table", spread=0.2),
    _O("coffee table", f.table, (0.6, 0.95, 0.42), W + G, rooms="l", place="floor", synonym="cocktail table"),
    _O("desk", f.desk, (0.68, 1.35, 0.74), W, rooms="sb", place="wall", synonym="writing table"),
    _O("workbench", f.bench, (0.6, 1.4, 0.85), W + M, rooms="w", place="wall", synonym="work table"),
    _O("bookcase", r.bookcase, (0.32, 0.9, 1.6), W, rooms="lsbw", place="wall", synonym="bookshelf", spread=0.25),
    _O("cupboard", r.cupboard, (0.42, 0.9, 1.3), W + M, rooms="kslw", place="wall", synonym="cabinet", spread=0.25),
    _O("wardrobe", r.cupboard, (0.6, 1.1, 1.9), W, rooms="b", place="wall", synonym="clothes closet"),
    _O("fridge", r.fridge, (0.62, 0.62, 1.65), M + P, ("white", "silver", "black", "red"), "k", "wall", "refrigerator"),
    _O("chest of drawers", r.drawers, (0.45, 0.8, 0.85), W, rooms="bls", place="wall", synonym="dresser"),
    _O("nightstand", r.drawers, (0.4, 0.45, 0.52), W, rooms="b", place="wall", synonym="bedside table"),
    _O("kitchen counter", r.counter, (0.6, 1.6, 0.9), W + P, rooms="k", place="wall", synonym="worktop"),
    _O("stove", r.stove, (0.6, 0.6, 0.88), M, ("white", "silver", "black"), "k", "wall", "cooker"),
    _O("washing machine", r.washing_machine, (0.58, 0.6, 0.85), M, ("white", "grey", "black"), "a", "wall"),
    _O("sideboard", r.tv_stand, (0.4, 1.3, 0.5), W, rooms="l", place="wall", synonym="media console"),
    _O("piano", f.piano, (0.6, 1.4, 1.15), W, ("black", "brown", "white"), "l", "wall"),
    _O("bathtub", f.bathtub, (0.75, 1.55, 0.56), C, ("white", "pink", "beige"), "a", "wall", "bath"),
    _O("toilet", f.toilet, (0.66, 0.4, 0.8), C, ("white", "pink", "beige"), "a", "wall", "lavatory"),
    _O("washbasin", f.washbasin, (0.48, 0.6, 0.85), C, ("white", "pink", "beige"), "a", "wall", "bathroom sink"),
    _O("chair", f.chair, (0.44, 0.44, 0.88), W + M, rooms="klsb", place="floor"),
    _O("office chair", f.office_chair, (0.6, 0.6, 1.0), F + L, rooms="sw", place="floor", synonym="swivel chair"),
    _O("stool", f.stool, (0.34, 0.34, 0.5), W + P, rooms="kwa", place="floor"),
    _O("floor lamp", f.floor_lamp, (0.36, 0.36, 1.55), F, rooms="lbs", place="floor", synonym="standing light"),
    _O(
        "house plant",
        f.house_plant,
        (0.55, 0.55, 0.9),
        C + P,
        rooms="lbsk",
        place="floor",
        synonym="plant in a pot",
        spread=0.3,
    ),
    _O(
        "cardboard box",
        r.cardboard_box,
        (0.42, 0.34, 0.3),
        ("cardboard",),
        place="floor",
        synonym="carton package",
        rooms="*",
        spread=0.25,
    ),
    _O("crate", r.crate, (0.45, 0.34, 0.28), W + P, rooms="wkls", place="floor", synonym="packing case"),
    _O("basket", r.basket, (0.4, 0.4, 0.36), ("wicker",), rooms="lba", place="floor", synonym="hamper"),
    _O("bin", r.bin_, (0.3, 0.3, 0.42), M + P, place="floor", synonym="trash can"),
    _O("suitcase", r.suitcase, (0.26, 0.44, 0.7), P + F, rooms="bs", place="floor", synonym="luggage"),
    _O("ladder", f.ladder, (0.8, 0.46, 1.35), M, ("silver", "red", "blue"), "w", "floor", "folding steps"),
    _O("vacuum cleaner", b.vacuum_cleaner, (0.7, 0.3, 0.62), P, rooms="lbw", place="floor", synonym="hoover"),
    _O("safe", r.safe, (0.45, 0.45, 0.5), M, ("grey", "black", "blue"), "sbw", "floor", novel=True),
    _O("bucket", r.bucket, (0.3, 0.3, 0.3), M + P, rooms="wak", place="floor", novel=True),
    _O("guitar", b.guitar, (0.12, 0.38, 1.0), W, ("brown", "black", "red"), "lbs", "floor", novel=True),
)

HUNG = (
    _O("picture", f.picture, (0.03, 0.6, 0.45), W + M, rooms="klbs", place="hung", synonym="painting", spread=0.3),
    _O("mirror", f.mirror, (0.03, 0.5, 0.7), W + M, rooms="bal", place="hung", synonym="looking glass", spread=0.25),
    _O("wall clock", f.wall_clock, (0.04, 0.3, 0.3), W + P, rooms="kls", place="hung"),
    _O("window", f.window, (0.06, 1.1, 1.1), W + P, ("white", "brown", "grey"), place="hung"),
    _O("door", f.door_fixture, (0.05, 0.88, 2.02), W, place="hung"),
    _O("curtain", f.curtain, (0.08, 0.7, 1.8), F, rooms="lbs", place="hung", synonym="drape"),
    _O("shelf", r.wall_shelf, (0.24, 0.9, 0.14), W, rooms="klsbw", place="hung", synonym="ledge"),
    _O("radiator", f.radiator, (0.1, 0.8, 0.6), M, ("white", "grey", "black"), place="hung", synonym="heater"),
)

SMALL = (
    _O("mug", k.mug, (0.12, 0.085, 0.1), C, rooms="kls", synonym="coffee cup"),
    _O("teacup", k.teacup, (0.14, 0.14, 0.07), C, rooms="kl", synonym="cup and saucer"),
    _O("plate", k.plate, (0.24, 0.24, 0.025), C, rooms="kl", synonym="dinner dish"),
    _O("bowl", k.bowl, (0.19, 0.19, 0.09), C + W, rooms="kl", synonym="round dish"),
    _O("drinking glass", k.drinking_glass, (0.075, 0.075, 0.13), ("",), ("white",), "klb", synonym="tumbler"),
    _O("bottle", k.bottle, (0.075, 0.075, 0.27), P + G, rooms="klsa", synonym="flask"),
    _O("wine bottle", k.wine_bottle, (0.08, 0.08, 0.31), ("",), ("red", "black", "gold"), "kl", novel=True),
    _O("teapot", k.teapot, (0.24, 0.15, 0.15), C, rooms="kl", novel=True),
    _O("kettle", k.kettle, (0.2, 0.15, 0.23), M + P, rooms="k", synonym="water boiler"),
    _O("saucepan", k.saucepan, (0.3, 0.18, 0.11), M, rooms="k"),
    _O("pot", k.pot, (0.24, 0.22, 0.2), M, rooms="k", novel=True),
    _O("frying pan", k.frying_pan, (0.46, 0.26, 0.05), M, ("black", "grey", "red"), "k", synonym="skillet"),
    _O("toaster", k.toaster, (0.18, 0.28, 0.19), M + P, rooms="k", novel=True),
    _O(
        "microwave",
        r.microwave,
        (0.34, 0.46, 0.27),
        M + P,
        ("white", "silver", "black", "red"),
        "k",
        synonym="microwave oven",
    ),
    _O("coffee machine", k.coffee_machine, (0.28, 0.2, 0.34), P, rooms="ks", synonym="espresso maker"),
    _O("blender", k.blender, (0.17, 0.17, 0.38), P, rooms="k", synonym="smoothie mixer"),
    _O("knife", k.knife, (0.3, 0.035, 0.02), W + P, rooms="kw"),
    _O("wooden spoon", k.spoon, (0.3, 0.055, 0.025), ("",), ("brown", "beige"), "k"),
    _O("cutting board", k.cutting_board, (0.38, 0.25, 0.02), W + P, rooms="k", synonym="chopping board"),
    _O("jar", k.jar, (0.09, 0.09, 0.13), G, ("red", "orange", "green", "yellow"), "k"),
    _O("tin can", k.tin_can, (0.075, 0.075, 0.11), M, ("red", "green", "blue", "yellow"), "kw", synonym="food can"),
    _O("milk carton", k.carton, (0.075, 0.075, 0.23), ("",), ("blue", "green", "red"), "k"),
    _O("cereal box", k.cereal_box, (0.07, 0.2, 0.29), ("",), ("yellow", "red", "blue", "orange", "green"), "k"),
    _O("apple", k.apple, (0.08, 0.08, 0.08), ("",), ("red", "green", "yellow"), "kl"),
    _O("orange", k.citrus, (0.085, 0.085, 0.085), ("",), ("orange",), "kl"),
    _O("lemon", k.citrus, (0.09, 0.065, 0.065), ("",), ("yellow",), "k"),
    _O("tomato", k.tomato, (0.08, 0.08, 0.068), ("",), ("red",), "k"),
    _O("banana", k.banana, (0.19, 0.1, 0.07), ("",), ("yellow",), "kl"),
    _O("bread", k.bread, (0.28, 0.13, 0.11), ("",), ("brown",), "k", synonym="loaf"),
    _O("carrot", k.carrot, (0.24, 0.045, 0.04), ("",), ("orange",), "k"),
    _O("pineapple", k.pineapple, (0.13, 0.13, 0.29), ("",), ("brown",), "k"),
    _O("cake", k.cake, (0.25, 0.25, 0.14), ("",), ("brown", "pink", "yellow"), "kl", synonym="gateau"),
    _O("egg", k.egg, (0.06, 0.046, 0.046), ("",), ("white", "beige"), "k"),
    _O(
        "laptop",
        b.laptop,
        (0.24, 0.34, 0.23),
        M + P,
        ("silver", "black", "white", "grey"),
        "slb",
        synonym="portable computer",
    ),
    _O("monitor", b.monitor, (0.2, 0.55, 0.45), P, ("black", "white", "grey"), "s", synonym="computer screen"),
    _O("keyboard", b.keyboard, (0.15, 0.44, 0.025), P, ("black", "white", "grey"), "s"),
    _O("computer mouse", b.computer_mouse, (0.11, 0.065, 0.038), P, ("black", "white", "red", "blue"), "s"),
    _O("television", f.television, (0.24, 1.0, 0.64), P, ("black",), "lb", synonym="tv"),
    _O("remote control", b.remote_control, (0.19, 0.05, 0.022), P, ("black", "grey", "white"), "lb"),
    _O(
        "mobile phone",
        b.mobile_phone,
        (0.155, 0.075, 0.01),
        P,
        ("black", "white", "red", "blue"),
        "slbk",
        synonym="cell phone",
    ),
    _O("speaker", b.speaker, (0.2, 0.19, 0.32), W + P, rooms="lsb", synonym="loudspeaker"),
    _O("headphones", b.headphones, (0.08, 0.19, 0.19), P, rooms="slb", synonym="headset"),
    _O("camera", b.camera, (0.13, 0.14, 0.1), P, ("black", "silver", "red"), "slb"),
    _O("printer", b.printer, (0.34, 0.43, 0.24), P, ("white", "black", "grey"), "s"),
    _O("desk lamp", f.desk_lamp, (0.3, 0.16, 0.42), M + P, rooms="sb", synonym="reading light"),
    _O("table lamp", f.table_lamp, (0.26, 0.26, 0.42), C + W, rooms="lb", synonym="bedside light"),
    _O("alarm clock", b.alarm_clock, (0.07, 0.13, 0.15), M, ("red", "blue", "silver", "green", "black"), "b"),
    _O("book", b.book, (0.16, 0.035, 0.23), ("paper",), rooms="lsb", synonym="paperback", spread=0.2),
    _O("notebook", b.notebook, (0.21, 0.15, 0.018), ("paper",), rooms="s", synonym="spiral notepad"),
    _O("vase", b.vase, (0.15, 0.15, 0.38), C + G, rooms="lbk", synonym="flower jug"),
    _O("candle", b.candle, (0.09, 0.09, 0.17), ("",), ("white", "red", "green", "blue", "beige"), "lba"),
    _O("picture frame", b.picture_frame, (0.1, 0.16, 0.2), W + M, rooms="lbs", synonym="photo frame"),
    _O("fan", f.fan, (0.2, 0.3, 0.42), P, rooms="sbw", synonym="ventilator"),
    _O("teddy bear", b.teddy_bear, (0.24, 0.26, 0.32), ("furry",), rooms="bl", novel=True),
    _O("football", b.football, (0.22, 0.22, 0.22), ("",), ("white",), "bl", synonym="soccer ball"),
    _O("basketball", b.basketball, (0.24, 0.24, 0.24), ("",), ("orange",), "blw", novel=True),
    _O("globe", b.globe, (0.26, 0.26, 0.36), ("",), ("blue",), "sbl", novel=True),
    _O("toy car", b.toy_car, (0.2, 0.1, 0.09), P + W, ("red", "blue", "yellow", "green"), "bl"),
    _O("building blocks", b.building_blocks, (0.16, 0.16, 0.13), ("",), ("red",), "bl", synonym="toy bricks"),
    _O("doll", b.doll, (0.12, 0.13, 0.3), F, rooms="bl"),
    _O("rubber duck", b.rubber_duck, (0.12, 0.09, 0.11), ("",), ("yellow",), "ab", synonym="bath toy"),
    _O("hat", b.hat, (0.32, 0.32, 0.14), F, rooms="blw", novel=True),
    _O("shoes", b.shoe, (0.28, 0.22, 0.11), L + F, rooms="bl", synonym="sneakers"),
    _O("handbag", b.handbag, (0.13, 0.3, 0.34), L, rooms="bl", synonym="purse"),
    _O("backpack", b.backpack, (0.22, 0.3, 0.42), F, rooms="bsl", synonym="rucksack"),
    _O("umbrella", b.umbrella, (0.7, 0.09, 0.07), F, rooms="lbs", synonym="parasol"),
    _O("pillow", b.pillow, (0.38, 0.38, 0.14), F, rooms="lb", synonym="cushion"),
    _O("towel", b.towel, (0.3, 0.22, 0.08), F, rooms="ab"),
    _O("soap bottle", b.soap_bottle, (0.07, 0.07, 0.19), P, rooms="ak", synonym="soap dispenser"),
    _O("toilet roll", b.toilet_roll, (0.11, 0.11, 0.1), ("paper",), ("white",), "a", synonym="toilet paper"),
    _O("tissue box", b.tissue_box, (0.22, 0.12, 0.12), ("cardboard",), ("blue", "pink", "green", "white"), "lba"),
    _O("hammer", b.hammer, (0.32, 0.12, 0.035), W + P, rooms="w"),
    _O("screwdriver", b.screwdriver, (0.22, 0.035, 0.035), P, ("red", "yellow", "blue", "green", "orange"), "w"),
    _O(
        "drill", b.drill, (0.24, 0.08, 0.22), P, ("yellow", "green", "blue", "red", "orange"), "w", synonym="power tool"
    ),
    _O(
        "toolbox",
        r.toolbox,
        (0.22, 0.44, 0.24),
        M + P,
        ("red", "blue", "grey", "black", "yellow"),
        "w",
        synonym="tool chest",
    ),
    _O("dumbbell", b.dumbbell, (0.13, 0.28, 0.13), M, ("black", "grey", "blue", "red"), "bw", synonym="gym weights"),
    _O("skateboard", b.skateboard, (0.76, 0.2, 0.11), W, rooms="bw", novel=True),
    _O("baseball bat", b.baseball_bat, (0.8, 0.07, 0.065), W, rooms="bw"),
    _O("watering can", b.watering_can, (0.34, 0.16, 0.28), M + P, ("green", "red", "blue", "yellow", "silver"), "lwk"),
    _O("pencil holder", b.pencil_holder, (0.085, 0.085, 0.19), P + M, rooms="s", synonym="pen cup"),
    _O("scissors", b.scissors, (0.2, 0.09, 0.015), P, ("red", "black", "blue", "orange"), "sw", synonym="shears"),
    _O("iron", b.iron, (0.28, 0.12, 0.15), P, ("white", "blue", "red", "pink"), "b", synonym="clothes press"),
    _O("trophy", b.trophy, (0.14, 0.2, 0.32), ("",), ("gold", "silver"), "lsb", synonym="winner's cup"),
)

RUG = _O("rug", f.rug, (1.5, 2.1, 0.014), F, place="floor", rooms="lbs", synonym="mat", spread=0.25)

CLASSES: dict[str, ObjectClass] = {c.name: c for c in (*FURNITURE, *HUNG, *SMALL, RUG)}
"""Every class of movable things and fixtures, by name."""

NOVEL_CLASSES = frozenset(c.name for c in CLASSES.values() if c.novel)
