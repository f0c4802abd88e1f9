"""ago_ros: an open-vocabulary 3D picture of a robot's surroundings, and answers to questions about it."""
