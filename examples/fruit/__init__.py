"""The demo's pictures of fruit, the training of its two models, and the fetching of the published ones."""
