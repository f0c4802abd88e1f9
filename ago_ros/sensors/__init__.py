"""One synchronised set of sensor data, and how it is assembled from streams."""
