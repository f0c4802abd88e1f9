"""rosbag2 in and out, without ROS 2."""

from ago_ros.datasets.bag.reader import read_bag_frames
from ago_ros.datasets.bag.writer import write_nuscenes_bag

__all__ = ["read_bag_frames", "write_nuscenes_bag"]
