"""The ament_python package `ago_ros`: code, launch files, configuration, RViz views and weights."""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "ago_ros"


def shared_files(folder: str) -> list[tuple[str, list[str]]]:
    """Lists the files below a folder as setuptools data files under `share/ago_ros/<folder>`."""
    files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    return [(f"share/{PACKAGE}/{path.parent}", [str(path)]) for path in files if "__pycache__" not in path.parts]


setup(
    name=PACKAGE,
    version="0.1.0",
    description="An open-vocabulary 3D picture of a robot's surroundings, and answers to questions about it.",
    maintainer="The ago_ros maintainers",
    maintainer_email="maintainers@ago-ros.org",
    license="Apache-2.0",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    package_data={PACKAGE: ["py.typed", "weights/*/*"]},
    python_requires=">=3.10",
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        *shared_files("launch"),
        *shared_files("config"),
        *shared_files("rviz"),
    ],
    entry_points={
        "console_scripts": [
            "ago = ago_ros.cli.main:main",
            "occupancy_node = ago_ros.nodes.occupancy_node:main",
            "viewer_node = ago_ros.nodes.viewer_node:main",
        ],
    },
)
