"""The judges: wrk and hey, started the same way for every system, and their output read."""
