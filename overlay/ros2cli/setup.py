"""The ament_python package `ros2cli`: the `ros2` command, as far as ago_ros uses it."""

from setuptools import find_packages, setup

PACKAGE = "ros2cli"

setup(
    name=PACKAGE,
    version="0.32.2",
    description="The part of the ros2 command that ago_ros uses, for machines without ROS 2.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    entry_points={"console_scripts": ["ros2 = ros2cli.cli:main"]},
)
