"""`codeword doctor`: whether this machine has what a first run needs."""

from dataclasses import asdict

import click

from .doctor import examine
from .terminal import out, print_json

_MARKS = {"well": "[green]well [/green]", "worse": "[yellow]worse[/yellow]", "ill": "[red]ill  [/red]"}


@click.command(epilog="Example: codeword doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def doctor(as_json: bool) -> int:
    """See whether this machine has what a run needs, a line for each thing, with the cure; exits 1 if one is ill.

    Worse is what a run can do without. Nothing is fetched.
    """
    signs = []
    for sign in examine():
        signs.append(sign)
        if not as_json:
            out.print(f"{_MARKS[sign.state]}  {sign.what}:", end=" ")
            out.print(sign.told, markup=False, soft_wrap=True)
    if as_json:
        print_json({"signs": [asdict(sign) for sign in signs]})
    return 1 if any(sign.state == "ill" for sign in signs) else 0
