"""The ament_python package `launch_ros`: ROS 2's launch actions for nodes, as far as ago_ros uses it."""

from setuptools import find_packages, setup

PACKAGE = "launch_ros"

setup(
    name=PACKAGE,
    version="0.26.6",
    description="The part of ROS 2's launch_ros that ago_ros uses, for machines without ROS 2.",
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
