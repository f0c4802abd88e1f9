"""cv_bridge: pixels survive the way into a message and back, and colours become what OpenCV makes of them."""

import sys

import cv2
import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

BRIDGE = CvBridge()
PLAIN = {
    "mono8": ("uint8", 1),
    "mono16": ("uint16", 1),
    "bgr8": ("uint8", 3),
    "rgb8": ("uint8", 3),
    "bgra8": ("uint8", 4),
    "rgba8": ("uint8", 4),
    "bgr16": ("uint16", 3),
    "rgba16": ("uint16", 4),
    "bayer_rggb8": ("uint8", 1),
    "bayer_grbg16": ("uint16", 1),
    "yuv422": ("uint8", 2),
    "8UC1": ("uint8", 1),
    "8UC4": ("uint8", 4),
    "8SC2": ("int8", 2),
    "16UC1": ("uint16", 1),
    "16SC1": ("int16", 1),
    "32SC3": ("int32", 3),
    "32FC1": ("float32", 1),
    "64FC2": ("float64", 2),
}


def pixels(encoding: str, height: int = 6, width: int = 8) -> np.ndarray:
    dtype, channels = PLAIN[encoding]
    values = np.random.default_rng(0).integers(0, 120, (height, width, channels)) * (1 if "8" in dtype else 200)
    return (values[..., 0] if channels == 1 else values).astype(dtype)


@pytest.mark.parametrize("encoding", PLAIN)
@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("big_endian", [False, True])
def test_pixels_come_back(encoding, padding, big_endian):
    image = pixels(encoding)
    rows = image.astype(image.dtype.newbyteorder(">" if big_endian else "<")).reshape(6, -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    msg = Image(height=6, width=8, encoding=encoding, step=rows.shape[1], is_bigendian=big_endian)
    msg.data.frombytes(rows.tobytes())
    back = BRIDGE.imgmsg_to_cv2(msg)
    assert back.dtype == image.dtype
    assert back.dtype.isnative
    np.testing.assert_array_equal(back, image)


@pytest.mark.parametrize("encoding", PLAIN)
def test_a_message_says_what_the_image_is(encoding):
    image = pixels(encoding)
    dtype, channels = PLAIN[encoding]
    header = Header(frame_id="cam_front")
    msg = BRIDGE.cv2_to_imgmsg(image, encoding, header)
    assert (msg.height, msg.width, msg.encoding, msg.header) == (6, 8, encoding, header)
    assert msg.step == 8 * channels * np.dtype(dtype).itemsize
    assert bytes(msg.data) == image.tobytes()
    assert msg.is_bigendian == (sys.byteorder == "big")
    assert BRIDGE.cv2_to_imgmsg(image).encoding == BRIDGE.dtype_with_channels_to_cvtype2(image.dtype, channels)
    assert BRIDGE.encoding_to_dtype_with_channels(encoding) == (dtype, channels)
    assert BRIDGE.cvtype2_to_dtype_with_channels(BRIDGE.encoding_to_cvtype2(encoding)) == (dtype, channels)


def test_a_big_endian_array_and_a_slice_make_right_messages():
    image = np.arange(40, dtype=">u2").reshape(5, 8)[:, 1:6]
    msg = BRIDGE.cv2_to_imgmsg(image, "mono16")
    assert msg.is_bigendian
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(msg), image)


def test_opencv_names_its_types_as_the_bridge_does():
    for name in ("8UC1", "8UC3", "16SC2", "32FC1", "64FC4"):
        number = getattr(cv2, f"CV_{name}")
        assert BRIDGE.encoding_to_cvtype2(name) == number
        assert BRIDGE.cvtype_to_name[number] == name


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("bgr8", "rgb8", cv2.COLOR_BGR2RGB),
        ("rgb8", "mono8", cv2.COLOR_RGB2GRAY),
        ("mono8", "bgra8", cv2.COLOR_GRAY2BGRA),
        ("rgba8", "bgr8", cv2.COLOR_RGBA2BGR),
        ("bgr16", "mono16", cv2.COLOR_BGR2GRAY),
        ("bayer_rggb8", "bgr8", cv2.COLOR_BayerBG2BGR),
        ("bayer_grbg16", "rgb16", cv2.COLOR_BayerGB2RGB),
        ("yuv422", "bgr8", cv2.COLOR_YUV2BGR_UYVY),
    ],
)
def test_colours_become_what_opencv_makes_of_them(source, target, code):
    image = pixels(source)
    result = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(image, source), target)
    np.testing.assert_array_equal(result, cv2.cvtColor(image, code))


def test_a_bayer_pattern_gives_the_colours_under_its_letters():
    red = np.zeros((6, 6), np.uint8)
    red[::2, ::2] = 255  # rggb: the first pixel of the first row is red
    colour = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(red, "bayer_rggb8"), "bgr8")[2:4, 2:4]
    assert (colour[..., 2] == 255).all()
    assert (colour[..., :2] == 0).all()


def test_white_stays_white_between_8_and_16_bits():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    wide = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(grey, "mono8"), "mono16")
    np.testing.assert_array_equal(wide, grey.astype(np.uint16) * 257)
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    narrow = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(values, "mono16"), "mono8")
    np.testing.assert_array_equal(narrow, np.rint(values / 257).astype(np.uint8))


def test_other_depths_are_rounded_and_saturated():
    depth = np.array([[-3.0, 0.4, 1.6, 70000.0]], np.float32)
    result = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(depth), "16UC1")
    np.testing.assert_array_equal(result, np.array([[0, 0, 2, 65535]], np.uint16))


def test_passthrough_shares_memory_and_a_named_encoding_does_not():
    msg = BRIDGE.cv2_to_imgmsg(pixels("bgr8"), "bgr8")
    assert np.shares_memory(BRIDGE.imgmsg_to_cv2(msg), np.frombuffer(msg.data, np.uint8))
    assert not np.shares_memory(BRIDGE.imgmsg_to_cv2(msg, "bgr8"), np.frombuffer(msg.data, np.uint8))


@pytest.mark.parametrize(
    ("source", "target"),
    [("32FC1", "mono8"), ("bgr8", "8UC1"), ("8UC3", "bgr8"), ("bgr8", "bayer_rggb8"), ("bgr8", "nonsense")],
)
def test_what_makes_no_sense_is_refused(source, target):
    msg = BRIDGE.cv2_to_imgmsg(np.zeros((4, 4, 3), np.uint8) if source != "32FC1" else np.zeros((4, 4), np.float32))
    msg.encoding = source
    with pytest.raises(CvBridgeError):
        BRIDGE.imgmsg_to_cv2(msg, target)


def test_wrong_arguments_are_refused():
    with pytest.raises(CvBridgeError, match="mono8"):
        BRIDGE.cv2_to_imgmsg(pixels("bgr8"), "mono8")
    with pytest.raises(TypeError, match="numpy"):
        BRIDGE.cv2_to_imgmsg([[1, 2], [3, 4]])
    msg = BRIDGE.cv2_to_imgmsg(pixels("bgr8"), "bgr8")
    msg.height += 1
    with pytest.raises(TypeError):
        BRIDGE.imgmsg_to_cv2(msg)


@pytest.mark.parametrize("encoding", ["mono8", "mono16", "bgr8", "bgra8"])
def test_png_is_lossless(encoding):
    image = pixels(encoding, 16, 16)
    msg = BRIDGE.cv2_to_compressed_imgmsg(image, "png")
    assert msg.format == "png"
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(msg), image)


def test_jpeg_decodes_into_the_encoding_asked_for():
    image = np.full((32, 32, 3), (200, 100, 30), np.uint8)
    msg = BRIDGE.cv2_to_compressed_imgmsg(image)
    assert bytes(msg.data[:3]) == b"\xff\xd8\xff"
    assert np.abs(BRIDGE.compressed_imgmsg_to_cv2(msg, "rgb8").astype(int) - (30, 100, 200)).max() <= 3


def test_broken_compressed_images_are_refused():
    for data in (b"", b"no image"):
        msg = CompressedImage(format="jpeg")
        msg.data.frombytes(data)
        with pytest.raises(CvBridgeError, match="decoded"):
            BRIDGE.compressed_imgmsg_to_cv2(msg)
