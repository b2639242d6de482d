"""Touchpoints and conversions to journeys, and journeys to mergeable daily statistics. Arrays and frames in and out; no I/O."""
