"""Builds the object graph: settings in, services out; contains no decisions."""
