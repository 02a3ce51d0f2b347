"""A worker: takes chunks from the broker, predicts them, stores their results."""
