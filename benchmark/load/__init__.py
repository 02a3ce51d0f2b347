"""The judges: wrk and hey, started the same way for every contestant, and their output read."""
