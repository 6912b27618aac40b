"""The decoded chunks that are kept, all formats and stores together, and how stores are asked: one tensorstore context.

Who opens an array gets a context from here. Arrays that were opened before `set_cache_bytes` keep the pool they have
until they are closed.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from ..limits import Limits

DEFAULT_CACHE_BYTES = 256 << 20
REMOTE_REQUESTS = 64
"""In flight at once, to all servers together."""
_LONGEST_DELAY_S = 10.0

_lock = threading.Lock()
_cache_bytes = DEFAULT_CACHE_BYTES
_pool: Any = None
_contexts: dict[tuple[int, float, float], Any] = {}


def set_cache_bytes(n_bytes: int) -> None:
    """Keep at most this many bytes of decoded chunks from now on; 0 keeps none."""
    global _cache_bytes, _pool
    if n_bytes < 0:
        raise ValueError(f"a cache of {n_bytes} bytes")
    with _lock:
        _cache_bytes, _pool = n_bytes, None
        _contexts.clear()


def cache_bytes() -> int:
    """How many bytes of decoded chunks are kept at most."""
    return _cache_bytes


def context(limits: Limits) -> Any:
    """The tensorstore.Context for arrays opened under these limits. All share one pool of decoded chunks."""
    global _pool
    key = (limits.store_retries, limits.store_first_delay_s, limits.store_timeout_s)
    with _lock:
        if key not in _contexts:
            tensorstore = _tensorstore(limits)
            if _pool is None:
                _pool = tensorstore.Context({"cache_pool": {"total_bytes_limit": _cache_bytes}})
                _pool["cache_pool"]  # made here, so that the contexts below share it
            _contexts[key] = tensorstore.Context(_requests(limits), _pool)
        return _contexts[key]


def _requests(limits: Limits) -> dict[str, Any]:
    """How transient failures are met: refused and reset connections, and the answers 429, 500, 502, 503 and 504."""
    retries = {
        "max_retries": limits.store_retries,
        "initial_delay": f"{round(limits.store_first_delay_s * 1000)}ms",
        "max_delay": f"{round(max(_LONGEST_DELAY_S, limits.store_first_delay_s) * 1000)}ms",
    }
    schemes = ("http", "s3", "gcs")
    spec: dict[str, Any] = {f"{scheme}_request_retries": retries for scheme in schemes}
    spec |= {f"{scheme}_request_concurrency": {"limit": REMOTE_REQUESTS} for scheme in schemes}
    return spec


def _tensorstore(limits: Limits) -> Any:
    """tensorstore, told before its first request to hang up on a server that sends nothing."""
    os.environ.setdefault("TENSORSTORE_CURL_LOW_SPEED_TIME_SECONDS", str(max(1, round(limits.store_timeout_s))))
    os.environ.setdefault("TENSORSTORE_CURL_LOW_SPEED_LIMIT_BYTES", "1")
    import tensorstore

    return tensorstore
