"""One reader per format: bytes to batches of cells with their row numbers. What the cells mean is decided elsewhere."""
