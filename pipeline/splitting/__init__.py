"""Page → articles, from the ground up.

``grammar`` reads what newspapers look like; ``bylines``, ``lines`` and ``furniture`` read single lines; ``blocks``
gives each its readings; ``seams``, ``cohesion`` and ``clues`` weigh neighbours; ``readings`` and ``weights`` turn clues
into scores; ``notices`` takes self-contained pieces out; ``sequence`` decides over the rest of the page at once;
``assembly`` and ``mending`` make articles of it; ``articles`` is the way in.
"""
