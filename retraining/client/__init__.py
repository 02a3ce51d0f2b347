"""The retraining program from the command line."""
