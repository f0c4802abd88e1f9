"""Pictures of voxels, boxes and heat maps."""
