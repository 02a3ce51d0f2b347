"""The job server and its workers: many inputs handed in at once, each answered once."""
