"""Training: one loop for every system, and what each of them feeds it."""
