"""What the `encoding` of a ROS image says, and how to get from one encoding to another."""

import re
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

DEPTHS = {
    "8U": ("uint8", cv2.CV_8U),
    "8S": ("int8", cv2.CV_8S),
    "16U": ("uint16", cv2.CV_16U),
    "16S": ("int16", cv2.CV_16S),
    "32S": ("int32", cv2.CV_32S),
    "32F": ("float32", cv2.CV_32F),
    "64F": ("float64", cv2.CV_64F),
}
CHANNELS = {"mono": 1, "bgr": 3, "rgb": 3, "bgra": 4, "rgba": 4}
# OpenCV names a Bayer pattern by the second and third pixel of its second row.
BAYER_CODES = {"bayer_rggb": "BG", "bayer_bggr": "RG", "bayer_gbrg": "GR", "bayer_grbg": "GB"}
YUV_CODES = {"yuv422": "UYVY", "yuv422_yuy2": "YUY2"}


class CvBridgeError(TypeError):
    """An image or its encoding cannot be converted."""


class Encoding(NamedTuple):
    """The parts of an encoding."""

    colour: str  # mono, bgr, rgb, bgra, rgba, bayer_..., yuv422...; empty where the channels have no meaning
    depth: str  # a key of DEPTHS
    channels: int

    @property
    def dtype(self) -> np.dtype:
        """Returns the type of one value, in native byte order."""
        return np.dtype(DEPTHS[self.depth][0])

    @property
    def bits(self) -> int:
        """Returns the size of one value."""
        return int(self.depth[:-1])


@cache
def parse_encoding(encoding: str) -> Encoding:
    """Takes an encoding of sensor_msgs/Image apart.

    Raises:
        CvBridgeError: the encoding is none that OpenCV can hold.
    """
    if match := re.fullmatch(r"(mono|bgra?|rgba?)(8|16)", encoding):
        return Encoding(match[1], f"{match[2]}U", CHANNELS[match[1]])
    if match := re.fullmatch(r"(bayer_(?:rggb|bggr|gbrg|grbg))(8|16)", encoding):
        return Encoding(match[1], f"{match[2]}U", 1)
    if encoding in YUV_CODES:
        return Encoding(encoding, "8U", 2)
    if match := re.fullmatch(r"(8U|8S|16U|16S|32S|32F|64F)(?:C([0-9]+))?", encoding):
        return Encoding("", match[1], int(match[2] or 1))
    raise CvBridgeError(f"unrecognised image encoding [{encoding}]")


def getCvType(encoding: str) -> int:  # noqa: N802
    """Returns OpenCV's number for the type of the pixels of an encoding.

    Raises:
        CvBridgeError: the encoding is none that OpenCV can hold.
    """
    parsed = parse_encoding(encoding)
    return cv2.CV_MAKETYPE(DEPTHS[parsed.depth][1], parsed.channels)


@cache
def colour_code(source: str, target: str) -> int | None:
    """Returns the code that cv2.cvtColor takes from one colour to another; None where they are the same.

    Raises:
        CvBridgeError: there is no way from one to the other.
    """
    if source == target and source in (*CHANNELS, "yuv422"):
        return None
    if target in CHANNELS and (target != "mono" or source in (*CHANNELS, *YUV_CODES, *BAYER_CODES)):
        name = "GRAY" if target == "mono" else target.upper()
        if source in YUV_CODES:
            return getattr(cv2, f"COLOR_YUV2{name}_{YUV_CODES[source]}")
        if source in BAYER_CODES and target in ("mono", "rgb", "bgr"):
            return getattr(cv2, f"COLOR_Bayer{BAYER_CODES[source]}2{name}")
        if source in CHANNELS:
            return getattr(cv2, f"COLOR_{'GRAY' if source == 'mono' else source.upper()}2{name}")
    raise CvBridgeError(f"no conversion from {source} to {target}")


def convert(image: np.ndarray, source: str, target: str) -> np.ndarray:
    """Converts an image from one encoding to another.

    Args:
        image: (H, W) or (H, W, C), in the encoding `source`, native byte order.
        source: its encoding.
        target: the encoding wanted. 8 and 16 bits are scaled so that white stays white; other depths keep their
            values, rounded and saturated.

    Returns:
        A new image.

    Raises:
        CvBridgeError: the image has no colour to convert, or there is no way from one encoding to the other.
    """
    if source == target:
        return image.copy()
    old, new = parse_encoding(source), parse_encoding(target)
    if old.colour and new.colour:
        code = colour_code(old.colour, new.colour)
        try:
            image = image if code is None else cv2.cvtColor(image, code)
        except cv2.error as error:
            raise CvBridgeError(f"cannot convert from [{source}] to [{target}]: {error}") from error
    elif new.colour:
        raise CvBridgeError(f"[{source}] has no colour: it cannot become [{target}]")
    elif old.channels != new.channels:
        raise CvBridgeError(f"[{source}] and [{target}] do not have the same number of channels")
    elif old.depth == new.depth:
        return image.copy()
    return image if old.depth == new.depth else _convert_depth(image, old, new)


def _convert_depth(image: np.ndarray, old: Encoding, new: Encoding) -> np.ndarray:
    scale = {(8, 16): 65535 / 255, (16, 8): 255 / 65535}.get((old.bits, new.bits), 1.0)
    depth = DEPTHS[new.depth][1]
    if scale == 1.0:
        return cv2.add(image, np.zeros_like(image), dtype=depth)
    return cv2.addWeighted(image, scale, image, 0.0, 0.0, dtype=depth)
