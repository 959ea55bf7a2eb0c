"""What people and programs may ask, and who may ask it."""
