"""Plans, compares and runs joint patrols of a long, hard border."""
