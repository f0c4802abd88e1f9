"""The ament_python package `message_filters` of the overlay."""

from setuptools import setup

PACKAGE = "message_filters"

setup(
    name=PACKAGE,
    version="4.11.2",
    description="The Python message filters of Jazzy for a machine without ROS 2.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=["message_filters"],
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
)
