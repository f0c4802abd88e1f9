import io

import numpy as np
import pytest
from PIL import Image as Pillow
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

from ago_ros.nodes.sensor_messages import BadDatumError, read_camera, read_cloud, read_image

FIELDS = [
    PointField(name=name, offset=offset, datatype=datatype, count=1)
    for name, offset, datatype in [("x", 0, 7), ("y", 4, 7), ("z", 8, 7), ("intensity", 12, 7), ("ring", 16, 4)]
]
POINTS = np.array(
    [(1, 2, 3, 0.5, 7), (np.nan, 0, 0, 0.1, 8), (4, 5, 6, 0.25, 9), (np.inf, 0, 0, 0, 1)],
    [("x", "f4"), ("y", "f4"), ("z", "f4"), ("intensity", "f4"), ("ring", "u2")],
)


def cloud(points: np.ndarray = POINTS) -> PointCloud2:
    return point_cloud2.create_cloud(Header(frame_id="lidar_top"), FIELDS, points)


def jpeg(pixels: np.ndarray) -> CompressedImage:
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "JPEG", quality=95)
    return CompressedImage(format="jpeg", data=stream.getvalue())


def gradient() -> np.ndarray:
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    return np.stack([np.tile(ramp, (48, 1)), np.full((48, 64), 30, np.uint8), np.zeros((48, 64), np.uint8)], axis=2)


def test_a_cloud_is_read_and_points_that_are_not_finite_are_counted() -> None:
    read = read_cloud(cloud())
    assert read.points.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert read.intensity.tolist() == [0.5, 0.25]
    assert read.ring.tolist() == [7, 9]
    assert read.num_invalid == 2


def test_intensity_and_ring_may_be_absent() -> None:
    read = read_cloud(point_cloud2.create_cloud_xyz32(Header(), [(1.0, 2.0, 3.0)]))
    assert read.intensity is None and read.ring is None


@pytest.mark.parametrize("points", [POINTS[:0], POINTS[1:2]], ids=["empty", "nan"])
def test_a_cloud_without_a_finite_point_is_refused(points: np.ndarray) -> None:
    with pytest.raises(BadDatumError) as refused:
        read_cloud(cloud(points))
    assert refused.value.reason == "empty_cloud"


def test_a_cut_off_cloud_and_one_without_coordinates_are_refused() -> None:
    cut = cloud()
    cut.data = cut.data[:-5]
    nameless = cloud()
    nameless.fields = nameless.fields[1:]
    for message in (cut, nameless):
        with pytest.raises(BadDatumError) as refused:
            read_cloud(message)
        assert refused.value.reason == "bad_cloud"


def test_compressed_and_raw_images_come_out_rgb() -> None:
    pixels = gradient()
    compressed = read_image(jpeg(pixels), "cam").numpy()
    assert compressed.shape == (48, 64, 3)
    assert np.abs(compressed.astype(int) - pixels).mean() < 4
    raw = Image(height=48, width=64, encoding="bgr8", step=64 * 3, data=pixels[..., ::-1].tobytes())
    np.testing.assert_array_equal(read_image(raw, "cam").numpy(), pixels)


def test_a_cut_off_image_is_corrupt_and_not_half_grey() -> None:
    message = jpeg(gradient())
    message.data = message.data[: len(message.data) // 2]
    with pytest.raises(BadDatumError) as refused:
        read_image(message, "cam_front")
    assert refused.value.reason == "corrupt_image" and "cam_front" in str(refused.value)


def test_a_raw_image_with_too_few_bytes_is_corrupt() -> None:
    with pytest.raises(BadDatumError) as refused:
        read_image(Image(height=48, width=64, encoding="rgb8", step=192, data=bytes(100)), "cam")
    assert refused.value.reason == "corrupt_image"


def test_a_black_image_shows_nothing() -> None:
    with pytest.raises(BadDatumError) as refused:
        read_image(jpeg(np.zeros((48, 64, 3), np.uint8)), "cam")
    assert refused.value.reason == "black_image"


def info(fx: float) -> CameraInfo:
    message = CameraInfo(width=64, height=48)
    message.k = [50.0, 0.0, 32.0, 0.0, 51.0, 24.0, 0.0, 0.0, 1.0]
    message.p = [fx, 0.0, 31.0, 0.0, fx, 23.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def test_the_rectified_intrinsics_are_those_of_p_else_of_k() -> None:
    assert read_camera(info(40.0)).intrinsics[0].tolist() == [40.0, 0.0, 31.0]
    assert read_camera(info(0.0)).intrinsics[0].tolist() == [50.0, 0.0, 32.0]


def test_an_uncalibrated_camera_is_refused() -> None:
    with pytest.raises(BadDatumError) as refused:
        read_camera(CameraInfo(width=64, height=48))
    assert refused.value.reason == "uncalibrated"
