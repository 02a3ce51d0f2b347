"""What every HTTP program of ours has: request id, metrics, problem+json, logs, health."""
