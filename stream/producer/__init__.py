"""The producer: plays the world that labelled examples come from, as it is or as it drifts."""
