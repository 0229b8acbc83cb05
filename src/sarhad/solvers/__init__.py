"""Solvers: choose a plan; the baselines that a user would pick instead."""
