"""`codeword robot`: a robot of one's own is brought up."""

from dataclasses import asdict

import click

from codeword.codebook import load_codebook

from .robot_check import bring_up
from .robots import check_robot_name
from .signals import raised
from .terminal import out, print_json

_MARKS = {"right": "[green]right[/green]", "wrong": "[red]wrong[/red]", "note": "[yellow]note [/yellow]"}


@click.group(epilog="Example: codeword robot check my_cart:Cart --codebook my_cart.yaml")
def robot() -> None:
    """Bring up a robot of your own."""


@robot.command(epilog="Example: codeword robot check my_cart:Cart --codebook my_cart.yaml --moves")
@click.argument("name", metavar="MODULE:CLASS|ros2://")
@click.option("--codebook", required=True, help="Its codebook: a file, or the name of a shipped one.")
@click.option("--moves", is_flag=True, help="Also carry out each skill once, by its first legal command. It MOVES.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def check(name: str, codebook: str, moves: bool, as_json: bool) -> int:
    """Look through a robot's eyes, hold it, and with --moves carry out each skill once; exits 1 if something is wrong.

    It says what is seen, what of that the codebook does not know, how each skill ends, and which declared effects do
    not show afterwards.
    """
    click.get_current_context().with_resource(raised(suspend=True))
    book = load_codebook(codebook)
    check_robot_name(name)
    found = []
    for finding in bring_up(name, book, moves=moves):
        found.append(finding)
        if not as_json:
            out.print(f"{_MARKS[finding.verdict]}  {finding.what}:", end=" ")
            out.print(finding.told, markup=False, soft_wrap=True)
    wrong = sum(finding.verdict == "wrong" for finding in found)
    if as_json:
        print_json({"robot": name, "codebook": book.name, "moves": moves, "findings": [asdict(one) for one in found]})
    return 1 if wrong else 0
