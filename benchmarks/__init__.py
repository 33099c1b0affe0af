"""Benchmarks: what Rapport does, beside the least that must be done, in one interleaved run.

The result of each is a ratio, which says more than seconds do on a machine nobody else has.
"""
