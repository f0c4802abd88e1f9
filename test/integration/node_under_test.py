"""Runs the occupancy node with the colour model behind vlm:=colour; a sweep with beam 99 makes its inference fail."""

from typing import Any

from colour_model import ColourModel

from ago_ros.nodes import engine, occupancy_node
from ago_ros.occupancy.lift import LiftPredictor

POISON = 99
load_vlm, encode = engine.load_vlm, LiftPredictor.encode


def load_colour_model(name: str, *args: Any, **kwargs: Any) -> Any:
    return ColourModel() if name == "colour" else load_vlm(name, *args, **kwargs)


def encode_or_fail(self: LiftPredictor, frame: Any) -> Any:
    if frame.lidar.ring is not None and bool((frame.lidar.ring == POISON).any()):
        raise RuntimeError("poisoned sweep")
    return encode(self, frame)


if __name__ == "__main__":
    engine.load_vlm = load_colour_model
    LiftPredictor.encode = encode_or_fail
    occupancy_node.main()
