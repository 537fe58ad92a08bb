"""The codebook of the guide that is taught out of itself."""

import re
from pathlib import Path

from codeword.codebook import Codebook, parse_codebook

GUIDE = Path(__file__).parent.parent / "runtime" / "guide" / "teaching.md"
(ROVER,) = re.findall(r"```yaml\n# my_rover.yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)


def rover() -> Codebook:
    """The codebook, read afresh."""
    return parse_codebook(ROVER, "my_rover.yaml")
