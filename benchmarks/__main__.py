"""`python -m benchmarks` is what `make bench` starts."""

from benchmarks.run import main

main()
