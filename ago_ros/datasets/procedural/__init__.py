"""What both procedural worlds are made with: convex parts, things, materials, noise."""
