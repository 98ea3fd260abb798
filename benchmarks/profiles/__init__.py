"""In which layer of a server its time goes."""
