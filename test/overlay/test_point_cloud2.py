"""sensor_msgs_py.point_cloud2: points survive the way into a cloud and back."""

import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

DTYPES = {
    PointField.INT8: np.int8,
    PointField.UINT8: np.uint8,
    PointField.INT16: np.int16,
    PointField.UINT16: np.uint16,
    PointField.INT32: np.int32,
    PointField.UINT32: np.uint32,
    PointField.FLOAT32: np.float32,
    PointField.FLOAT64: np.float64,
}
LIDAR = [
    *(PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1) for i, name in enumerate("xyz")),
    PointField(name="ring", offset=16, datatype=PointField.UINT16, count=1),
]


@st.composite
def layouts(draw):
    """Fields with gaps between them, and a point step."""
    fields, offset = [], 0
    for i in range(draw(st.integers(1, 5))):
        datatype, count = draw(st.sampled_from(sorted(DTYPES))), draw(st.integers(1, 3))
        offset += draw(st.integers(0, 5))
        fields.append(PointField(name=f"field{i}", offset=offset, datatype=datatype, count=count))
        offset += count * np.dtype(DTYPES[datatype]).itemsize
    return fields, offset + draw(st.integers(0, 5))


@given(layouts(), st.integers(0, 20), st.booleans(), st.integers(0, 2**32 - 1))
def test_every_value_is_where_its_field_says(layout, count, big_endian, seed):
    fields, step = layout
    data = np.random.default_rng(seed).integers(0, 256, (count, step), dtype=np.uint8)
    cloud = point_cloud2.PointCloud2(height=1, width=count, fields=fields, point_step=step, row_step=count * step)
    cloud.is_bigendian = big_endian
    cloud.data = array.array("B", data.tobytes())
    for points in (point_cloud2.read_points(cloud), point_cloud2.read_points(cloud)):
        assert points.shape == (count,)
        for field in fields:
            dtype = np.dtype(DTYPES[field.datatype])
            for part in range(field.count):
                start = field.offset + part * dtype.itemsize
                raw = data[:, start : start + dtype.itemsize]
                value = raw[:, ::-1] if big_endian else raw
                name = f"{field.name}_{part}" if field.count > 1 else field.name
                assert points[name].tobytes() == value.tobytes()
    assert bytes(cloud.data) == data.tobytes()


@given(layouts(), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_structured_points_come_back(layout, count, seed):
    fields, step = layout
    dtype = point_cloud2.dtype_from_fields(fields, step)
    points = np.random.default_rng(seed).integers(0, 256, count * step, dtype=np.uint8).view(dtype)
    cloud = point_cloud2.create_cloud(Header(frame_id="lidar_top"), fields, points, step)
    assert (cloud.height, cloud.width, cloud.point_step, cloud.row_step) == (1, count, step, count * step)
    assert (cloud.header.frame_id, cloud.is_dense, cloud.is_bigendian) == ("lidar_top", False, False)
    back = point_cloud2.read_points(cloud)
    assert back.dtype == dtype
    for name in dtype.names:
        assert back[name].tobytes() == points[name].tobytes()


def test_plain_arrays_and_lists_make_the_same_cloud():
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    cloud = point_cloud2.create_cloud_xyz32(Header(), points)
    assert cloud == point_cloud2.create_cloud_xyz32(Header(), points.tolist())
    assert [field.name for field in cloud.fields] == ["x", "y", "z"]
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), points)
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, ["z", "x"]), points[:, [2, 0]])
    assert [tuple(point) for point in point_cloud2.read_points_list(cloud)] == [tuple(point) for point in points]
    assert point_cloud2.read_points_list(cloud, ["y"])[7].y == points[7, 1]


def test_an_empty_cloud_is_a_cloud():
    cloud = point_cloud2.create_cloud_xyz32(Header(), np.zeros((0, 3), np.float32))
    assert (cloud.width, len(cloud.data)) == (0, 0)
    assert point_cloud2.read_points_numpy(cloud).shape == (0, 3)


def test_points_are_chosen_by_nan_and_by_index():
    points = np.arange(30, dtype=np.float32).reshape(10, 3)
    points[3, 1] = points[5, 2] = np.nan
    cloud = point_cloud2.create_cloud_xyz32(Header(), points)
    kept = point_cloud2.read_points_numpy(cloud, skip_nans=True)
    np.testing.assert_array_equal(kept, np.delete(points, [3, 5], axis=0))
    assert len(point_cloud2.read_points_numpy(cloud, ["x", "y"], skip_nans=True)) == 9
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, skip_nans=True, uvs=[4, 0]), kept[[4, 0]])
    cloud.is_dense = True
    assert len(point_cloud2.read_points(cloud, skip_nans=True)) == 10


def test_an_organised_cloud_keeps_its_width_and_height():
    points = np.random.default_rng(0).normal(size=(4, 3, 3)).astype(np.float32)
    cloud = point_cloud2.create_cloud_xyz32(Header(), points)
    assert (cloud.width, cloud.height) == (4, 3)
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, reshape_organized_cloud=True), points)


def test_reading_shares_the_memory_of_the_cloud():
    cloud = point_cloud2.create_cloud_xyz32(Header(), np.zeros((4, 3), np.float32))
    assert np.shares_memory(point_cloud2.read_points(cloud), np.frombuffer(cloud.data, np.uint8))


def test_fields_without_a_name_get_one():
    fields = [PointField(offset=0, datatype=PointField.UINT8, count=1)]
    assert point_cloud2.dtype_from_fields(fields).names == ("unnamed_field_0",)


def test_wrong_arguments_are_refused():
    cloud = point_cloud2.create_cloud(Header(), LIDAR, [(1.0, 2.0, 3.0, 4)])
    assert point_cloud2.read_points(cloud)["ring"].dtype == np.uint16
    for call in (
        lambda: point_cloud2.read_points(cloud, ["intensity"]),
        lambda: point_cloud2.read_points_numpy(cloud),
        lambda: point_cloud2.read_points("no cloud"),
        lambda: point_cloud2.create_cloud(Header(), LIDAR, np.zeros((3, 4), np.float32)),
        lambda: point_cloud2.create_cloud(Header(), LIDAR, np.zeros(3, [("x", "f4")])),
        lambda: point_cloud2.create_cloud_xyz32(Header(), np.zeros((2, 2, 2, 3), np.float32)),
        lambda: point_cloud2.dtype_from_fields([LIDAR[0], LIDAR[0]]),
        lambda: point_cloud2.dtype_from_fields([PointField(name="x", datatype=PointField.UINT8, count=0)]),
    ):
        with pytest.raises(AssertionError):
            call()
