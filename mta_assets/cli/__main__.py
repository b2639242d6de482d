"""`python -m mta_assets.cli` is `mta`."""

from mta_assets.cli import main

main()
