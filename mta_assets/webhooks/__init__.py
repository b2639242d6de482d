"""Sending events to whoever subscribed: where a message may go, and one round through the outbox. What is in the outbox is `state`'s."""
