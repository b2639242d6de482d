"""Alerts: what is wrong (rules over facts, pure), who is to hear of it and when (pure), and telling them. What is kept of it is in `state`."""
