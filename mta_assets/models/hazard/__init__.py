"""The hazard model: when conversions happen, by what happened before, and how many fewer without each channel. How and why: docs/hazard.md."""
