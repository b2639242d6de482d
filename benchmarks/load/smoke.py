"""`make load-smoke`: half a minute of load on the real server, and a verdict: no request fails, and nobody waits long. No figure for the records."""

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import lake
from drive import Load, available, drive
from run import KEY, cached_path, uncached_paths
from servers import Servers

SECONDS, CONNECTIONS = 10, 32
# Far from what an idle machine does (benchmarks/api.md): what is caught is a server that fails or stands still under load.
LOADS = {"cached": ([cached_path()], 1_000), "computed": (uncached_paths(0), 10_000), "alive": (["/health/live"], 1_000)}


def main() -> str | None:
    """What went wrong; None when nothing did."""
    if not available():
        return "wrk is not installed: it is Debian's package wrk."
    wrong = []
    with tempfile.TemporaryDirectory() as folder, Servers(folder=Path(folder), lake=lake.lake()).ours() as server:
        for name, (paths, longest_ms) in LOADS.items():
            seen = drive(server.url, Load(paths=paths, headers=KEY, connections=CONNECTIONS, seconds=SECONDS))
            print(f"{name:<10}{json.dumps(asdict(seen))}")
            if seen.failures or not seen.rate:
                wrong.append(f"{name}: {seen.failures} requests failed")
            if seen.p99_ms > longest_ms:
                wrong.append(f"{name}: one in a hundred waits {seen.p99_ms:,.0f} ms, over {longest_ms:,}")
    return "; ".join(wrong) or None


if __name__ == "__main__":
    sys.exit(main())
