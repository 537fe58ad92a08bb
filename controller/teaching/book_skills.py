"""The skills of codebooks made at random, as entries of a codebook file under whatever names were drawn."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SPLIT: Mapping[str, str] = {
    "block": "place_on_block",
    "bowl": "place_in_bowl",
    "box": "place_in_bowl",
    "zone": "place_in_zone",
    "table": "place_on_table",
}
"""Where a codebook has one skill for each kind of place: which it is."""


_LENGTHS: tuple[dict[str, Any], ...] = (
    {"number": {"min": 0.5, "max": 5, "step": 0.5}},
    {"number": {"min": 0.2, "max": 2, "step": 0.2}},
    {"number": {"min": 0.1, "max": 1, "step": 0.1}},
    {"integer": {"min": 1, "max": 10}},
    {"integer": {"min": 2, "max": 6, "step": 2}},
    {"integer": {"min": 5, "max": 60, "step": 5}},
    {"choice": ["short", "long"]},
    {"choice": ["brief", "medium", "long"]},
)
"""How a skill that waits may be told for how long."""


def _usual(*names: str) -> dict[str, str]:
    return {name: name for name in names}


@dataclass(frozen=True)
class Names:
    """What a codebook calls things. Keys are the names in the shipped codebooks."""

    skills: Mapping[str, str]
    arguments: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str] = field(default_factory=lambda: _usual("block", "bowl", "zone", "table", "box"))
    facts: Mapping[str, str] = field(default_factory=lambda: _usual("on", "in", "holding", "wide"))
    derived: Mapping[str, str] = field(default_factory=lambda: _usual("gripper_empty", "clear", "on_table"))

    def id(self, thing: str) -> str:
        """The id of a thing, with the codebook's words for kinds in it: `red_cube_1` for `red_block_1`."""
        return "_".join(self.kinds.get(word, word) for word in thing.split("_"))

    def basics(self) -> dict[str, str]:
        """The facts that every codebook derives."""
        on, holding = self.facts["on"], self.facts["holding"]
        places = f"{self.kinds['table']}|{self.kinds['zone']}"
        return {
            self.derived["gripper_empty"]: f"not {holding}(any)",
            f"{self.derived['clear']}(thing)": f"not {on}(any, thing)",
            f"{self.derived['on_table']}(thing)": f"some p in {places} ({on}(thing, p))",
        }


def skill_entry(
    role: str, names: Names, text: str, flavor: str, rng: random.Random, strange: float, steps: bool
) -> dict[str, Any]:
    """One skill as it stands in a file. With `steps` it can be carried out."""
    entry: dict[str, Any] = {"description": text}
    args = _arguments(role, names, flavor)
    if role == "wait" and not steps and rng.random() < 0.6 * strange:
        args = dict.fromkeys(args, rng.choice(_LENGTHS)) if rng.random() < 0.8 else {}
    if args and role != "wait" and rng.random() < 0.06 * strange:
        args["speed"] = {"choice": ["slow", "fast"], "default": "slow"}
    if args:
        entry["args"] = args
    needs, effects = _meaning(role, names, flavor)
    if needs:
        entry["preconditions"] = needs
    if effects:
        entry["effects"] = effects
    if role == "wait":
        entry["waits"] = True
    if steps:
        entry["steps"] = _steps(role, names)
        entry["budget_s"] = 45
    if role == "push":
        entry["cost"] = 3
    return entry


def distractor_entry(entry: Mapping[str, Any], names: Names, rng: random.Random) -> dict[str, Any]:
    """A skill that no task needs, as it stands in a file, its kinds and facts called as the codebook calls them."""
    args: dict[str, Any] = {}
    for arg, kind in entry.get("args", {}).items():
        given = kind.get("entity")
        named = [names.kinds[k] for k in given] if isinstance(given, list) else names.kinds.get(given)
        args[arg] = {"entity": named} if given is not None else kind
    thing = next(iter(args), "")
    needs = {
        "empty": names.derived["gripper_empty"],
        "clear": f"{names.derived['clear']}({thing})",
        "held": f"{names.facts['holding']}({thing})",
    }
    found: dict[str, Any] = {"description": rng.choice(entry["texts"])}
    found |= {"args": args} if args else {}
    return found | ({"preconditions": [needs[need] for need in entry["needs"]]} if "needs" in entry else {})


def _arguments(role: str, names: Names, flavor: str) -> dict[str, Any]:
    kinds, boxes = names.kinds, ["box"] if flavor == "packing" else []
    targets = {
        "place": ["block", "bowl", *boxes, "zone", "table"],
        "move": ["block", "bowl", *boxes, "zone", "table"],
        "place_in_bowl": ["bowl", *boxes],
        "move_to_bowl": ["bowl", *boxes],
        "place_on_block": ["block"],
        "move_to_block": ["block"],
        "place_in_zone": ["zone"],
        "place_on_table": ["table"],
        "take_off": ["table"],
        "push": ["zone"],
    }
    args: dict[str, Any] = {}
    for argument, name in names.arguments[role].items():
        if argument == "duration_s":
            args[name] = {"number": {"min": 0.5, "max": 5, "step": 0.5}}
        elif argument == "object":
            args[name] = {"entity": kinds["block"]}
        else:
            listed = [kinds[kind] for kind in targets[role]]
            args[name] = {"entity": listed if len(listed) > 1 else listed[0]}
    return args


def _meaning(role: str, names: Names, flavor: str) -> tuple[list[str], list[str]]:
    """Preconditions and effects of a skill."""
    if role in ("home", "wait"):
        return [], []
    o, g = names.arguments[role]["object"], names.arguments[role].get("target", "")
    on, inside, holding, wide = (names.facts[fact] for fact in ("on", "in", "holding", "wide"))
    empty, clear = names.derived["gripper_empty"], names.derived["clear"]
    block, bowl = names.kinds["block"], names.kinds["bowl"]
    box = names.kinds["box"] if flavor == "packing" else ""
    within = f"{bowl}({g}) or {box}({g})" if box else f"{bowl}({g})"
    outside = f"not {bowl}({g}) and not {box}({g})" if box else f"not {bowl}({g})"
    graspable = [empty, f"{clear}({o})", f"not {wide}({o})"]
    gone = [f"not {on}({o}, any)", f"not {inside}({o}, any)"]
    anywhere = [f"{inside}({o}, {g}) if {within}", f"{on}({o}, {g}) if {outside}"]
    free = [f"{o} != {g}", f"{clear}({g}) or not {block}({g})"]
    on_block = [f"{o} != {g}", f"{clear}({g})"]
    meanings: dict[str, tuple[list[str], list[str]]] = {
        "pick": (graspable, [f"{holding}({o})", *gone]),
        "place": ([f"{holding}({o})", *free], [f"not {holding}({o})", *anywhere]),
        "place_on_block": ([f"{holding}({o})", *on_block], [f"not {holding}({o})", f"{on}({o}, {g})"]),
        "place_in_bowl": ([f"{holding}({o})"], [f"not {holding}({o})", f"{inside}({o}, {g})"]),
        "place_in_zone": ([f"{holding}({o})"], [f"not {holding}({o})", f"{on}({o}, {g})"]),
        "place_on_table": ([f"{holding}({o})"], [f"not {holding}({o})", f"{on}({o}, {g})"]),
        "move": ([*graspable, *free], [*gone, *anywhere]),
        "move_to_bowl": (graspable, [*gone, f"{inside}({o}, {g})"]),
        "move_to_block": ([*graspable, *on_block], [*gone, f"{on}({o}, {g})"]),
        "take_off": ([*graspable, f"not {on}({o}, {g})"], [*gone, f"{on}({o}, {g})"]),
        "push": (
            [empty, f"{clear}({o})", f"{names.derived['on_table']}({o})", f"not {on}({o}, {g})"],
            [f"not {on}({o}, any)", f"{on}({o}, {g})"],
        ),
    }
    return meanings[role]


def _steps(role: str, names: Names) -> list[Any]:
    """How a skill is carried out, as in the shipped codebooks."""
    if role == "home":
        return ["move_home"]
    if role == "wait":
        return [{"wait": {"duration_s": f"${names.arguments[role]['duration_s']}"}}]
    o, g = f"${names.arguments[role]['object']}", f"${names.arguments[role].get('target', '')}"
    pick: list[Any] = [
        "open_gripper",
        {"move_above": {"entity": o, "height_m": 0.10}},
        {"move_above": {"entity": o, "height_m": 0.0}},
        {"close_gripper": {"force_n": 25}},
        {"rise": {"distance_m": 0.20}},
        "check_held",
    ]
    place: list[Any] = [
        {"move_held_above": {"entity": g, "height_m": 0.10}},
        "check_held",
        {"move_held_above": {"entity": g, "height_m": 0.0}},
        "open_gripper",
        {"rise": {"distance_m": 0.12}},
    ]
    if role == "push":
        return [{"slide_to": {"entity": o, "target": g}}, {"rise": {"distance_m": 0.15}}]
    return pick if role == "pick" else place if role.startswith("place") else [*pick, *place]
