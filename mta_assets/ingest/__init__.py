"""Bytes to conforming frames: readers, column mapping, times, channel rules, identity, quarantine. No tables of the lake, no Dagster."""
