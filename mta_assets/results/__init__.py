"""What people ask of the materialised tables: credit, comparisons, performance, paths, the trail of a conversion. Lake in, frames out; no HTTP."""
