"""Readers of recorded data, rosbag2 in and out, and worlds made by the project."""
