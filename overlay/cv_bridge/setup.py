"""The ament_python package `cv_bridge` of the overlay."""

from setuptools import setup

PACKAGE = "cv_bridge"

setup(
    name=PACKAGE,
    version="4.1.0",
    description="ROS images to OpenCV and back: the Python side of Jazzy's cv_bridge for a machine without ROS 2.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=["cv_bridge"],
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
)
