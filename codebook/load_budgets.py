"""The parts of a codebook that say how long things may take, and what is done where they take longer."""

from collections.abc import Mapping

from pydantic import ValidationError

from .budgets import SOFT_ONLY, STAGES, Budget, Stage
from .compose import Parts
from .errors import did_you_mean
from .skills import Skill
from .yaml_source import Mapping_, check_keys, plain

HOLD = "hold"
"""What a codebook falls back on that names no skill: the robot holds still."""


def read_budgets(parts: Parts) -> dict[Stage, Budget]:
    """The budgets of each stage; faults are noted where they stand."""
    if "budgets" not in parts.settings:
        return {}
    source, value, at = parts.settings["budgets"]
    if not isinstance(value, Mapping_):
        source.fault(f"the budgets: expected a mapping of stages, not '{value}'", at)
        return {}
    found: dict[Stage, Budget] = {}
    for name in value:
        stage = next((stage for stage in STAGES if stage == name), None)
        given = value.get(name)
        if stage is None:
            source.fault(f"unknown stage '{name}'{did_you_mean(str(name), list(STAGES))}", value.key_at(name))
        elif not isinstance(given, Mapping_):
            source.fault(f"the budget of {name}: expected p95 and hard, not '{given}'", value.value_at(name))
        elif check_keys(source, given, f"the budget of {name}", (), ("p95", "hard")):
            try:
                found[stage] = Budget.model_validate(plain(given), strict=True)
            except ValidationError as problem:
                error = problem.errors()[0]
                key = str(error["loc"][0])
                message = f"the budget of {name}: {key} is a number of milliseconds above 0, not '{error['input']}'"
                source.fault(message, given.value_at(key))
                continue
            if found[stage].hard is not None and stage in SOFT_ONLY:
                source.fault(f"{stage} has no hard limit: {SOFT_ONLY[stage]}", given.key_at("hard"))
    return found


def read_fallback(parts: Parts, skills: Mapping[str, Skill], names: Mapping[str, str]) -> str:
    """The skill that is fallen back on, empty for holding still; faults are noted where they stand."""
    if "fallback" not in parts.settings:
        return ""
    source, value, at = parts.settings["fallback"]
    if value == HOLD:
        return ""
    name = names.get(str(value), str(value))
    skill = skills.get(name)
    if skill is None:
        source.fault(f"there is no skill '{value}' to fall back on{did_you_mean(str(value), [HOLD, *skills])}", at)
    elif skill.ends is not None:
        source.fault(f"'{value}' ends the episode: it cannot be fallen back on", at)
    elif any(argument.default is None for argument in skill.args.values()):
        source.fault(f"'{value}' needs arguments: what is fallen back on is carried out by itself", at)
    return name
