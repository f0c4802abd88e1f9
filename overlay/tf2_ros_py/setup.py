"""The ament_python package `tf2_ros_py` of the overlay."""

from setuptools import setup

PACKAGE = "tf2_ros_py"

setup(
    name=PACKAGE,
    version="0.36.4",
    description="Jazzy's tf2_ros (and tf2_py) in plain Python for a machine without ROS 2.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=["tf2_py", "tf2_ros"],
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
)
