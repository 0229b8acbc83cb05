"""Choose a plan: pricing, bounds, the master, and plans to compare with."""
