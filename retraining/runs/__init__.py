"""Runs: one retraining each, from the records to a decision, kept in a folder of its own."""
