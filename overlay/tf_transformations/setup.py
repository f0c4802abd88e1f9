"""The ament_python package `tf_transformations` of the overlay."""

from setuptools import setup

PACKAGE = "tf_transformations"

setup(
    name=PACKAGE,
    version="1.1.1",
    description="Jazzy's tf_transformations on numpy and scipy for a machine without ROS 2.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=["tf_transformations"],
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
)
