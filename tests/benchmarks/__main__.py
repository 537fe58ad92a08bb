"""`python -m tests.benchmarks NAME`, or `make bench RUN=NAME`."""

from codeword.runtime.cli import main

from .cli import bench

if __name__ == "__main__":
    main(group=bench, name="python -m tests.benchmarks")
