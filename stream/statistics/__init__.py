"""Watches the training stream: mean and variance of each feature."""
