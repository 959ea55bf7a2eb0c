"""The tour, and ways to make it fail."""
