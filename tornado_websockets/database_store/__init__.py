"""What clients may ask for later, in the database."""
