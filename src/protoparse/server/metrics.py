"""What the service counts of itself, as Prometheus reads it.

In: requests as they end. Out: text in Prometheus' format, version 0.0.4.

>>> metrics = Metrics()
>>> metrics.ended("POST", "/api/v1/parse", 200, 0.02)
>>> [line for line in metrics.text({}).splitlines() if line.startswith("protoparse_requests_total")]
['protoparse_requests_total{method="POST",path="/api/v1/parse",status="200"} 1']
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from protoparse import __version__

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counts of requests and how long they took, by what was asked for."""

    def __init__(self) -> None:
        self.running = 0
        self._began = time.time()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def ended(self, method: str, path: str, status: int, seconds: float) -> None:
        """A request that was answered; `path` is the pattern that it matched, so that there are few."""
        self._requests[method, path, status] += 1
        self._buckets[path][bisect_left(BUCKETS, seconds)] += 1
        self._seconds[path] += seconds

    def text(self, gauges: Mapping[str, tuple[str, Mapping[str, float]]]) -> str:
        """All of it. `gauges`: what others count, each name with what it says and its values by their labels."""
        return "\n".join([*self._lines(gauges), ""])

    def _lines(self, gauges: Mapping[str, tuple[str, Mapping[str, float]]]) -> Iterator[str]:
        yield from _head("protoparse_build_info", "gauge", "The version that runs.")
        yield f'protoparse_build_info{{version="{__version__}"}} 1'
        yield from _head("protoparse_requests_total", "counter", "Requests answered.")
        for (method, path, status), count in sorted(self._requests.items()):
            yield f'protoparse_requests_total{{method="{method}",path="{path}",status="{status}"}} {count}'
        yield from _head("protoparse_request_seconds", "histogram", "How long requests took.")
        for path, counts in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*BUCKETS, "+Inf"), counts, strict=True):
                total += count
                yield f'protoparse_request_seconds_bucket{{path="{path}",le="{bound}"}} {total}'
            yield f'protoparse_request_seconds_sum{{path="{path}"}} {self._seconds[path]:.6f}'
            yield f'protoparse_request_seconds_count{{path="{path}"}} {total}'
        yield from _head("protoparse_requests_running", "gauge", "Requests that are being answered.")
        yield f"protoparse_requests_running {self.running}"
        for name, (says, values) in gauges.items():
            yield from _head(name, "counter" if name.endswith("_total") else "gauge", says)
            for labels, value in values.items():
                yield f"{name}{labels} {value:g}"
        yield from _head("process_start_time_seconds", "gauge", "When the process began.")
        yield f"process_start_time_seconds {self._began:.3f}"
        yield from _head("process_cpu_seconds_total", "counter", "Processor time of the server's own process.")
        yield f"process_cpu_seconds_total {time.process_time():.3f}"
        if (resident := _resident()) is not None:
            yield from _head("process_resident_memory_bytes", "gauge", "Memory of the server's own process.")
            yield f"process_resident_memory_bytes {resident}"


def _head(name: str, kind: str, says: str) -> tuple[str, str]:
    return f"# HELP {name} {says}", f"# TYPE {name} {kind}"


def _resident() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
