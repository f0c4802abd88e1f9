"""sensor_msgs/PointCloud2 as numpy arrays.

Upstream's rules hold, also where they surprise: an organised cloud is reshaped to (width, height), a cloud made here is
never marked dense, `read_points_numpy` wants the first field of the cloud to have the type of the fields asked for, and
what the caller got wrong is an AssertionError.
"""

import array
import sys
from collections import namedtuple
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured, unstructured_to_structured
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

DUMMY_FIELD_PREFIX = "unnamed_field"

_DATATYPES: dict[int, np.dtype] = {
    PointField.INT8: np.dtype(np.int8),
    PointField.UINT8: np.dtype(np.uint8),
    PointField.INT16: np.dtype(np.int16),
    PointField.UINT16: np.dtype(np.uint16),
    PointField.INT32: np.dtype(np.int32),
    PointField.UINT32: np.dtype(np.uint32),
    PointField.FLOAT32: np.dtype(np.float32),
    PointField.FLOAT64: np.dtype(np.float64),
}


def read_points(
    cloud: PointCloud2,
    field_names: Iterable[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Reads the points of a cloud.

    Args:
        cloud: the cloud, of either byte order.
        field_names: the fields wanted; all where None. A field that counts more than one value is NAME_0, NAME_1, ...
        skip_nans: leave out the points with a NaN in a field wanted, unless the cloud says that it is dense.
        uvs: indices of the points wanted, into the flat cloud (after NaNs are left out).
        reshape_organized_cloud: return the points of a cloud of several rows as (width, height).

    Returns:
        (N,) structured array in native byte order. It shares the memory of the cloud where the cloud is in native
        byte order and no points are left out.
    """
    assert isinstance(cloud, PointCloud2), "the cloud is not a sensor_msgs.msg.PointCloud2"
    points = np.ndarray(cloud.width * cloud.height, dtype_from_fields(cloud.fields, cloud.point_step), cloud.data)
    if field_names is not None:
        names = list(field_names)
        unknown = set(names).difference(points.dtype.names or ())
        assert not unknown, f"the cloud has no fields {sorted(unknown)}, only {points.dtype.names}"
        points = points[names]
    if bool(cloud.is_bigendian) != (sys.byteorder == "big"):
        points = points.byteswap()
    if skip_nans and not cloud.is_dense:
        valid = np.ones(len(points), dtype=bool)
        for name in points.dtype.names or ():
            valid &= ~np.isnan(points[name])
        points = points[valid]
    if uvs is not None:
        points = points[uvs if isinstance(uvs, np.ndarray) else np.fromiter(uvs, int)]
    if reshape_organized_cloud and cloud.height > 1:
        points = points.reshape(cloud.width, cloud.height)
    return points


def read_points_numpy(
    cloud: PointCloud2,
    field_names: Iterable[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Reads fields of one and the same type as a plain array.

    Args:
        cloud: as of `read_points`.
        field_names: as of `read_points`; their type is that of the first field of the cloud.
        skip_nans: as of `read_points`.
        uvs: as of `read_points`.
        reshape_organized_cloud: as of `read_points`.

    Returns:
        (N, number of fields) array of the type of the fields.
    """
    names = None if field_names is None else list(field_names)
    first = cloud.fields[0].datatype
    assert all(field.datatype == first for field in cloud.fields[1:] if names is None or field.name in names), (
        "the fields are of several types: use read_points"
    )
    return structured_to_unstructured(read_points(cloud, names, skip_nans, uvs, reshape_organized_cloud))


def read_points_list(
    cloud: PointCloud2,
    field_names: Iterable[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
) -> list[Any]:
    """Reads the points as a list of named tuples: handy, and slow.

    Args:
        cloud: as of `read_points`.
        field_names: as of `read_points`; all where None.
        skip_nans: as of `read_points`.
        uvs: as of `read_points`.

    Returns:
        One `Point` for each point, with an attribute for each field.
    """
    assert isinstance(cloud, PointCloud2), "the cloud is not a sensor_msgs.msg.PointCloud2"
    names = [field.name for field in cloud.fields] if field_names is None else list(field_names)
    point = namedtuple("Point", names)  # type: ignore[misc]
    return [point._make(values) for values in read_points(cloud, names, skip_nans, uvs)]


def dtype_from_fields(fields: Iterable[PointField], point_step: int | None = None) -> np.dtype:
    """Makes the structured dtype of the points.

    Args:
        fields: of the cloud. One that counts n > 1 values becomes NAME_0 to NAME_(n-1); one without a name, number i,
            becomes unnamed_field_i.
        point_step: bytes from one point to the next; just what the fields need where None.

    Returns:
        The dtype, in native byte order.
    """
    names: list[str] = []
    formats: list[str] = []
    offsets: list[int] = []
    for index, field in enumerate(fields):
        assert field.count > 0, f"field {index} ({field.name!r}) counts 0 values"
        datatype = _DATATYPES[field.datatype]
        name = field.name or f"{DUMMY_FIELD_PREFIX}_{index}"
        for part in range(field.count):
            names.append(f"{name}_{part}" if field.count > 1 else name)
            formats.append(datatype.str)
            offsets.append(field.offset + part * datatype.itemsize)
    assert len(set(names)) == len(names), f"two fields have the same name: {names}"
    layout: Any = {"names": names, "formats": formats, "offsets": offsets}
    if point_step is not None:
        layout["itemsize"] = point_step
    return np.dtype(layout)


def create_cloud(
    header: Header, fields: Iterable[PointField], points: Iterable[Any], point_step: int | None = None
) -> PointCloud2:
    """Makes a cloud.

    Args:
        header: of the cloud.
        fields: of the points.
        points: (N,) structured array with just the dtype of the fields; (N, number of fields) plain array where all
            fields are of one type; or any iterable of points, each an iterable of the values of its fields. One more
            dimension, (width, height, ...), makes an organised cloud.
        point_step: bytes from one point to the next; just what the fields need where None.

    Returns:
        The cloud, in native byte order, not marked dense.
    """
    fields = list(fields)
    dtype = dtype_from_fields(fields, point_step)
    if not isinstance(points, np.ndarray):
        points = np.array([tuple(point) for point in points], dtype=dtype)
    elif points.dtype.names is None:
        assert all(field.datatype == fields[0].datatype for field in fields[1:]), (
            "the fields are of several types: give a structured array"
        )
        points = unstructured_to_structured(points, dtype=dtype)
    else:
        assert points.dtype == dtype, f"the points are of dtype {points.dtype}, the fields of {dtype}"
    assert points.ndim <= 2, f"an organised cloud has two dimensions, these points have {points.ndim}"
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(points).reshape(-1).view(np.uint8).data)
    cloud = PointCloud2(
        header=header,
        height=points.shape[1] if points.ndim == 2 else 1,
        width=points.shape[0],
        is_dense=False,
        is_bigendian=sys.byteorder == "big",
        fields=fields,
        point_step=points.dtype.itemsize,
        row_step=points.dtype.itemsize * points.shape[0],
    )
    cloud.data = data
    return cloud


def create_cloud_xyz32(header: Header, points: Iterable[Any]) -> PointCloud2:
    """Makes a cloud of float32 fields x, y and z.

    Args:
        header: of the cloud.
        points: as of `create_cloud`, three values each; metres.

    Returns:
        The cloud.
    """
    fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate(("x", "y", "z"))
    ]
    return create_cloud(header, fields, points)
