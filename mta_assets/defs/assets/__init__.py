"""The assets, one module per layer: thin steps that read, call the pipeline, check and report."""
