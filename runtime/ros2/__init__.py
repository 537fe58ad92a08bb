"""Robots that speak ROS 2: skills as actions, services and topics, by a mapping in the robot's YAML file."""
