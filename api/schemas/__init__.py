"""What goes over the wire, as pydantic models: one module per resource. No logic beyond validation."""
