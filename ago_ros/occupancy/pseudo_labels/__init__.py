"""AGO's pseudo-labels: from images, LiDAR and a model that finds phrases in pictures to labelled voxels."""
