"""The drive world: procedural streets with complete ground truth, recorded by nuScenes' rig."""
