"""From sensor frames to a scene encoding: which voxels are occupied, and what they look like."""
