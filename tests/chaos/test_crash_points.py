"""The places of a crash are only worth their names while the code passes them."""

import re
from pathlib import Path

from campaigns import crash_points
from campaigns.crash_points import NAMES

CAMPAIGNS = Path(crash_points.__file__).parent


def passed():
    """The names that the code passes by."""
    sources = [path.read_text() for path in CAMPAIGNS.rglob("*.py") if path.name != "crash_points.py"]
    return {name for source in sources for name in re.findall(r'\bcrash_point\("([^"]+)"\)', source)}


def test_the_code_passes_every_place_of_a_crash_and_no_other():
    assert passed() == set(NAMES)
