"""Choose a plan: pricing, bounds, the master, pairing, and plans to compare with."""
