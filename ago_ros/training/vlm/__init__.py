"""Training of the vision-language model."""
