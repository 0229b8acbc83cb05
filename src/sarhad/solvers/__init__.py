"""Solvers: joint schedules and their probabilities, each with a proof of how good it is."""
