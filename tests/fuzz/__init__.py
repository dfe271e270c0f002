"""Hostile input at every door of the project, for as long as one likes: ``make fuzz MINUTES=60``."""
