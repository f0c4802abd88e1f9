"""Views with relevancy maps, and what is asked of them: what SemAbs learns from and is scored on."""
