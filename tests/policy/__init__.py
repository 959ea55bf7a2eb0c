"""The rules of permission, tested from their sentences."""
