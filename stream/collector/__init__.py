"""Checks the records of the training stream and keeps the good ones."""
