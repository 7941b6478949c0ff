"""How fast an audit is, measured against what it cannot do without. `make bench` runs all of it.

Nothing here is a test: numbers depend on the machine, ratios taken in one run do so less.
"""
