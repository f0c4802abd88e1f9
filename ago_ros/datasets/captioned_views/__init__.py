"""Pictures whose regions have captions: what a vision-language model learns from, drawn from both worlds."""
