"""`codeword bench` with all that it measures."""

from . import (  # their commands join the group
    cli_bench_cache,  # noqa: F401
    cli_bench_calling,  # noqa: F401
    cli_bench_decision,  # noqa: F401
    cli_bench_engine,  # noqa: F401
    cli_bench_link,  # noqa: F401
    cli_bench_loop,  # noqa: F401
    cli_bench_near,  # noqa: F401
    cli_bench_quantization,  # noqa: F401
    cli_bench_recording,  # noqa: F401
    cli_bench_taught,  # noqa: F401
)
from .cli_bench import bench

__all__ = ["bench"]
