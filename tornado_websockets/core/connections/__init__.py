"""What happens to one client, from its handshake to its end."""
