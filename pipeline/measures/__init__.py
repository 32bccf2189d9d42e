"""Measure a configuration: gold sets, counts, figures with their intervals.

``metrics`` is arithmetic, ``goldsets`` reads the sets, ``subject`` holds what is measured, ``pages`` and
``texts`` are the measurements; :mod:`pipeline.evaluate` runs them and :mod:`pipeline.gate` holds them to their floors.
"""
