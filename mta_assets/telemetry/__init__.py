"""What the system says of itself while it works: logs in four streams, the context of their lines, spans. What it counts is elsewhere."""
