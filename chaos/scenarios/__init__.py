"""A file a scenario: `run(seed, full=…)` yields the Report of each of its runs."""
