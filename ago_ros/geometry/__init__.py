"""Ground floor: rigid transforms, cameras, boxes, voxel grids and ray casting. Knows nothing above it."""
