"""What a client sends, before anyone has seen it: how much of it its server parses at a time."""
