"""The model of increments: what each touch added to what would have happened anyway. How and why: docs/incremental.md."""
