"""What the retraining program answers."""
