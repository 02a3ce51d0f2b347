"""The command line of the stack, and its two deployments: containers by Compose, and plain processes."""
