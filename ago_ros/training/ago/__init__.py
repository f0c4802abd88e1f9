"""What AGO learns from, and how."""
