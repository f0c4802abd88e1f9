"""Trains SemAbs and the methods that it is held against."""
