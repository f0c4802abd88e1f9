"""The room world: seeded RGB-D views of furnished rooms with complete ground truth."""
