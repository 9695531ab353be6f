"""Side-by-side measurements against the usual tools, on the same rows, in the same run.

`python -m benchmarks --help`, or `make bench ARGS=--help`. What comes out is in docs/reference/benchmarks.md.
"""
