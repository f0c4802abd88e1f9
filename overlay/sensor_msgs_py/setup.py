"""The ament_python package `sensor_msgs_py` of the overlay."""

from setuptools import setup

PACKAGE = "sensor_msgs_py"

setup(
    name=PACKAGE,
    version="5.3.5",
    description="Point clouds to numpy and back: Jazzy's sensor_msgs_py for a machine without ROS 2.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=["sensor_msgs_py"],
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
)
