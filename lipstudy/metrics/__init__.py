"""Objective measures of lip motion, each with its source."""
