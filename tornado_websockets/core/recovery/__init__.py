"""What a client has missed, and where it is to be had."""
