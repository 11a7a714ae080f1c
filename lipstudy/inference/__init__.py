"""Choices to estimates."""
