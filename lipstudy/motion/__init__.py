"""Speech to lip motion, and the articulation scale."""
