"""The true labels of past predictions: read from requests, judged, and joined with the samples."""
