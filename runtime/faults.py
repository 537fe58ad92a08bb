"""What a user's own code raised, told in one line."""

import re
import sysconfig
import traceback
from pathlib import Path

from pydantic import ValidationError

from codeword.codebook.facts import ID

_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()


def in_one_line(problem: BaseException) -> str:
    """What was raised, in words, and where in the user's own code: the last place on the way that is not ours."""
    if isinstance(problem, ValidationError):
        told = problem.errors(include_url=False)[0]
        given, why = told["input"], f"{told['msg']}, not {told['input']!r}"
        if told["type"] == "string_pattern_mismatch" and ID.pattern in told["ctx"]["pattern"]:
            likely = re.sub(r"[^a-z0-9]+", "_", given.lower()).strip("_")
            why = f"{given!r} is no id (lower-case letters, digits and _)"
            why += f"; expected '{likely}'" if ID.fullmatch(likely) else ""
        what = f"{problem.title}: {'.'.join(map(str, told['loc']))}: {why}"
    else:
        what = ": ".join((type(problem).__name__, *str(problem).splitlines()[:1]))
    ours = Path(__file__).resolve().parent.parent
    places = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if (path := Path(frame.filename).resolve()).is_file()
        and not path.is_relative_to(ours)
        and "site-packages" not in path.parts
        and not path.is_relative_to(_STANDARD_LIBRARY)
    ]
    return f"{Path(places[-1].filename).name}:{places[-1].lineno}: {what}" if places else what
