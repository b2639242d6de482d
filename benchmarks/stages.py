"""CPU seconds by stage, all threads of the process, and its peak memory. A measured program prints them as one line of JSON."""

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Adds up what each stage takes."""

    def __init__(self) -> None:
        self._cpu_s: dict[str, float] = {}
        self._begun = time.perf_counter()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count what happens inside to this stage."""
        begun = time.process_time()
        yield
        self._cpu_s[name] = self._cpu_s.get(name, 0.0) + time.process_time() - begun

    def report(self, **facts: object) -> None:
        """Print the stages, their sum, wall time since this object was made, the process's peak memory, and further facts."""
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall_s = time.perf_counter() - self._begun
        print(json.dumps({"stages": self._cpu_s, "cpu_s": sum(self._cpu_s.values()), "wall_s": wall_s, "peak_mb": peak_mb, "facts": facts}))
