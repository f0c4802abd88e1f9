"""ROS 2 nodes: messages in, core calls, messages out. The only room that imports rclpy."""
