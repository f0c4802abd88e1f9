"""The bridge between sensor_msgs images and the numpy arrays that OpenCV works on."""

import sys
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from cv_bridge.encodings import DEPTHS, CvBridgeError, convert, getCvType, parse_encoding

__all__ = ["CvBridge", "CvBridgeError"]

_CHANNEL_SHIFT = (cv2.CV_8UC2 - cv2.CV_8UC1).bit_length() - 1


class CvBridge:
    """Converts images. It holds nothing but tables: one can serve every thread."""

    def __init__(self) -> None:
        self.cvtype_to_name = {
            cv2.CV_MAKETYPE(number, channels): f"{name}C{channels}"
            for name, (_, number) in DEPTHS.items()
            for channels in (1, 2, 3, 4)
        }
        self.cvdepth_to_numpy_depth = {number: dtype for dtype, number in DEPTHS.values()}
        self.numpy_type_to_cvtype = {dtype: name for name, (dtype, _) in DEPTHS.items()}
        self.numpy_type_to_cvtype.update({name: dtype for name, (dtype, _) in DEPTHS.items()})

    def dtype_with_channels_to_cvtype2(self, dtype: np.dtype, n_channels: int) -> str:
        """Returns the generic encoding of an array: `8UC3` for uint8 and 3 channels.

        Raises:
            CvBridgeError: OpenCV has no such type.
        """
        if dtype.name not in self.numpy_type_to_cvtype:
            raise CvBridgeError(f"OpenCV holds no values of type {dtype.name}")
        return f"{self.numpy_type_to_cvtype[dtype.name]}C{n_channels}"

    def cvtype2_to_dtype_with_channels(self, cvtype: int) -> tuple[str, int]:
        """Returns the name of the dtype and the number of channels of an OpenCV type number."""
        depth = cvtype & ((1 << _CHANNEL_SHIFT) - 1)
        return self.cvdepth_to_numpy_depth[depth], (cvtype >> _CHANNEL_SHIFT) + 1

    def encoding_to_cvtype2(self, encoding: str) -> int:
        """Returns the OpenCV type number of an encoding.

        Raises:
            CvBridgeError: the encoding is none that OpenCV can hold.
        """
        return getCvType(encoding)

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Returns the name of the dtype and the number of channels of an encoding.

        Raises:
            CvBridgeError: the encoding is none that OpenCV can hold.
        """
        parsed = parse_encoding(encoding)
        return parsed.dtype.name, parsed.channels

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = "passthrough") -> np.ndarray:
        """Converts an image message.

        Args:
            img_msg: the message; rows may be padded, values may be big-endian.
            desired_encoding: the encoding wanted; `passthrough` leaves the pixels as they are.

        Returns:
            (H, W) for one channel, else (H, W, C), native byte order. With `passthrough` it shares the memory of the
            message where no padding and no byte order stand in the way.

        Raises:
            CvBridgeError: the message holds too few bytes, or there is no way to the encoding wanted.
        """
        encoding = parse_encoding(img_msg.encoding)
        dtype = encoding.dtype.newbyteorder(">" if img_msg.is_bigendian else "<")
        pixel_size = dtype.itemsize * encoding.channels
        size = (img_msg.height - 1) * img_msg.step + img_msg.width * pixel_size if img_msg.height else 0
        if img_msg.step < img_msg.width * pixel_size or size > len(img_msg.data):
            raise CvBridgeError(
                f"the image is {img_msg.width}x{img_msg.height} [{img_msg.encoding}] with a step of {img_msg.step} B"
                f" but holds {len(img_msg.data)} bytes"
            )
        data = np.array(img_msg.data, dtype=np.uint8) if isinstance(img_msg.data, list) else img_msg.data
        shape: tuple[int, ...] = (img_msg.height, img_msg.width, encoding.channels)
        strides: tuple[int, ...] = (img_msg.step, pixel_size, dtype.itemsize)
        if encoding.channels == 1:
            shape, strides = shape[:2], strides[:2]
        image = np.ndarray(shape, dtype, data, strides=strides)
        image = np.ascontiguousarray(image, dtype=dtype.newbyteorder("="))
        return image if desired_encoding == "passthrough" else convert(image, img_msg.encoding, desired_encoding)

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = "passthrough"
    ) -> np.ndarray:
        """Decodes a compressed image message.

        Args:
            cmprs_img_msg: the message; the format is told by the data.
            desired_encoding: the encoding wanted; `passthrough` gives what is stored: grey, BGR or BGRA.

        Returns:
            (H, W) for one channel, else (H, W, C).

        Raises:
            CvBridgeError: the data cannot be decoded, or there is no way to the encoding wanted.
        """
        data = np.frombuffer(memoryview(cmprs_img_msg.data), dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if image is None:
            raise CvBridgeError(f"the {data.size} bytes of the [{cmprs_img_msg.format}] image cannot be decoded")
        if desired_encoding == "passthrough":
            return image
        colour = {2: "mono", 3: {3: "bgr", 4: "bgra"}.get(image.shape[-1])}[image.ndim]
        return convert(image, f"{colour}{8 * image.itemsize}", desired_encoding)

    def cv2_to_imgmsg(self, cvim: np.ndarray, encoding: str = "passthrough", header: Header | None = None) -> Image:
        """Makes an image message.

        Args:
            cvim: (H, W) or (H, W, C).
            encoding: what the channels are; `passthrough` writes the generic encoding, such as 8UC3.
            header: of the message.

        Returns:
            The message; big-endian where the array is.

        Raises:
            CvBridgeError: the array is not of the type that the encoding asks for.
        """
        _require_array(cvim)
        channels = 1 if cvim.ndim < 3 else cvim.shape[2]
        cv_type = self.dtype_with_channels_to_cvtype2(cvim.dtype, channels)
        if encoding != "passthrough":
            asked = parse_encoding(encoding)
            if (asked.dtype, asked.channels) != (cvim.dtype.newbyteorder("="), channels):
                raise CvBridgeError(f"encoding [{encoding}] does not fit an image of type [{cv_type}]")
        message = Image(height=cvim.shape[0], width=cvim.shape[1])
        if header is not None:
            message.header = header
        message.encoding = cv_type if encoding == "passthrough" else encoding
        message.is_bigendian = cvim.dtype.byteorder == ">" or (cvim.dtype.byteorder, sys.byteorder) == ("=", "big")
        message.step = cvim.shape[1] * channels * cvim.itemsize
        message.data.frombytes(np.ascontiguousarray(cvim).reshape(-1).view(np.uint8))
        return message

    def cv2_to_compressed_imgmsg(self, cvim: np.ndarray, dst_format: str = "jpg") -> CompressedImage:
        """Encodes an image into a message.

        Args:
            cvim: (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA.
            dst_format: jpg, png, or another ending of a file that OpenCV writes.

        Returns:
            The message, with `dst_format` as its format.

        Raises:
            CvBridgeError: OpenCV cannot write such an image in that format.
        """
        _require_array(cvim)
        try:
            done, data = cv2.imencode(f".{dst_format}", cvim)
        except cv2.error as error:
            raise CvBridgeError(f"cannot write the image as {dst_format}: {error}") from error
        if not done:
            raise CvBridgeError(f"cannot write the image as {dst_format}")
        message = CompressedImage(format=dst_format)
        message.data.frombytes(data)
        return message


def _require_array(image: Any) -> None:
    if not isinstance(image, (np.ndarray, np.generic)):
        raise TypeError(f"the image is a {type(image).__name__}, not a numpy array")
