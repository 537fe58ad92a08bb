"""Which domains of the corpus are taught, which ones choices are made on, and which ones nobody is taught with."""

import hashlib

TAUGHT, VALIDATION, AUTHORED = "plans", "validation", "authored"
"""Splits of the corpus by domain: seven of ten are taught, one is for choices, two are for evaluation."""

DOMAIN_SPLITS = (TAUGHT, VALIDATION, AUTHORED)

LAYOUTS = "layouts"
"""Tabletop lessons, with plans as answers."""

PLAN_SPLITS = (*DOMAIN_SPLITS, LAYOUTS)
"""All that plans are taught with and checked with. What is taught has tabletop lessons among it."""


def split_of(domain: str) -> str:
    """The split of a domain, by its name alone, so that another one that is added moves none."""
    place = int(hashlib.sha256(domain.encode()).hexdigest(), 16) % 10
    return AUTHORED if place < 2 else VALIDATION if place == 2 else TAUGHT
