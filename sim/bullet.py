"""PyBullet, imported quietly: its library greets on standard error as it is loaded. Raises InputError where it is not
installed.
"""

import os
import sys

from .installed import check_installed

check_installed()
sys.stderr.flush()
_stderr = os.dup(2)
_nowhere = os.open(os.devnull, os.O_WRONLY)
try:
    os.dup2(_nowhere, 2)
    import pybullet
    import pybullet_data
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)
    os.close(_nowhere)

__all__ = ["pybullet", "pybullet_data"]
