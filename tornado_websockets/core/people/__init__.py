"""Who is here? What is known of the people at one place, and what has changed of it."""
