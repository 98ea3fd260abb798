"""What do all processes say? Questions that one of them asks the others, and what each answers."""
