"""What the overlay leaves out says so, and names the package that has it."""

import importlib
from pathlib import Path

import pytest

LEFT_OUT = {
    "message_filters": ("InputAligner", "message_filters"),
    "cv_bridge": ("cvtColorForDisplay", "cv_bridge"),
    "sensor_msgs_py": ("numpy_compat", "sensor_msgs_py"),
    "tf2_py": ("view_frames", "tf2_py"),
    "tf2_ros": ("BufferClient", "tf2_ros_py"),
    "tf_transformations": ("Arcball", "tf_transformations"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_names_the_real_package(name):
    module = importlib.import_module(name)
    if "overlay" not in Path(module.__file__).resolve().parts:
        pytest.skip(f"{name} is the real package, not the overlay's")
    left_out, package = LEFT_OUT[name]
    with pytest.raises(ImportError, match=f"install the ROS 2 package '{package}'"):
        getattr(module, left_out)
    with pytest.raises(ImportError, match=f"install the ROS 2 package '{package}'"):
        exec(f"from {name} import {left_out}")
    assert not hasattr(module, "__no_such_thing__")
    assert all(hasattr(module, public) for public in module.__all__)
