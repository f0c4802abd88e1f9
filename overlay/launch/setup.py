"""The ament_python package `launch`: ROS 2's launch system, as far as ago_ros uses it."""

from setuptools import find_packages, setup

PACKAGE = "launch"

setup(
    name=PACKAGE,
    version="3.4.3",
    description="The part of ROS 2's launch that ago_ros uses, for machines without ROS 2.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
)
