"""Peers that have environments of their own: what is imported here is not in ours."""
