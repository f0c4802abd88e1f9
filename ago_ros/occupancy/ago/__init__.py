"""AGO: open-vocabulary occupancy from cameras alone."""
