"""The judge: what a plan is worth, exactly and in simulation; it never sees a solver."""
