"""What is kept of a prediction: which are sampled, and how they are written."""
