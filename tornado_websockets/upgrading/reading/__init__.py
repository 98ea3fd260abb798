"""What the source of a project says, read without running it."""
