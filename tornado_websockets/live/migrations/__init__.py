"""The permissions."""
