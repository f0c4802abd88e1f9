"""The `ros2` command for machines without ROS 2: launch, run, bag, topic, service, node, param and lifecycle."""
