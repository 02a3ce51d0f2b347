"""Notifications: what people are told of releases and alerts, through an outbox, over any channels."""
