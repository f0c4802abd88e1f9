"""What an encoder of surroundings hands on: the scene encoding and the labelled grid."""
