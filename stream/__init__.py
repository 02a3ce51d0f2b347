"""The training stream: who plays the world, who watches it, who keeps what is good."""
