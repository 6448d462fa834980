"""Returns: what is owed to those who pay, drawn from the figures through a grid that is data."""
