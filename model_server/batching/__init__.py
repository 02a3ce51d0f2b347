"""Where requests wait for the model, how they are batched, and in which of three modes they are predicted."""
