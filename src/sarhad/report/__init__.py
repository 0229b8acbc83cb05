"""Maps, plots and the brief: shows what the floors below found, and computes nothing new."""
