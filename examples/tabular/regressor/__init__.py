"""A regressor of two features: one linear layer that learns y = 3 x1 - 2 x2 + 1."""
