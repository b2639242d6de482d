"""What each table is, once: columns, grain, key, checks. No I/O."""
