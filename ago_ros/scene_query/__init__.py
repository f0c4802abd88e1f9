"""Questions to a scene encoding: where something is or could be."""
