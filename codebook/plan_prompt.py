"""What the model reads where it is asked for a plan."""

from collections.abc import Sequence
from functools import lru_cache

from .action_prompt import MOST_SKILLS, rank
from .examples import nearest
from .observation import Observation
from .prompt import Prompt, form_text, one_line, situation_text, skills_text
from .quantities import numbers_text, offered_numbers
from .skills import Codebook

PLAN_CONTRACT = 9
"""Version of the prompt contract where plans are asked for: text, order and tokenization of all that the model sees,
and what plans it may choose. An adapter names the one that it was taught under, and is refused under another."""

_FACTS = '[["thing","fact","place"],["fact","thing"]]'
_OPENING = (
    "You turn what people say into plans for a robot. A plan is one line of JSON: the commands in the order in which "
    "they are to be carried out. A number after a command says how many times. Take things and numbers from the task. "
    'If no skill does what is asked, or it is only talk, answer {"cannot":"unclear"}.'
)


MOST_EXAMPLES = 3
"""The most examples of the codebook that are told with a task."""


def plan_prompt(codebook: Codebook, task: str, observation: Observation, done: Sequence[str] = ()) -> Prompt:
    """The prompt that asks for a plan: the codebook; the examples nearest to the task, what is seen, and which items of
    an earlier plan are done already; and the task with the numbers in it.
    """
    lines = [situation_text(codebook, observation)]
    if done:
        lines.append(f"Done: {'; '.join(done)}")
    examples = [f"Example: {one_line(e.task)} = {e.plan.text}" for e in nearest(codebook, task, MOST_EXAMPLES)]
    told = [*_skills_for(codebook, task), *examples]
    numbers = numbers_text(offered_numbers(codebook, task, [entity.id for entity in observation.entities]))
    asked = [f"Task: {one_line(task)}", *([numbers] if numbers else [])]
    return Prompt(plan_system(codebook), "\n".join([*told, *lines]), "\n".join([*asked, "Plan:"]))


@lru_cache(maxsize=32)
def plan_system(codebook: Codebook) -> str:
    """The part of every prompt for plans that never changes for a codebook: to be read ahead of the first task."""
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    forms = ",".join([*map(form_text, doing[:2]), *(["2"] if doing else [])])
    lines = [_OPENING, f'The form of a plan: {{"plan":[{forms}]}}']
    if any(skill.effects for skill in doing):
        lines.append(f"What is to be made true stands in it as a list of facts: {_FACTS}")
    if len(codebook.skills) <= MOST_SKILLS:
        lines.append(skills_text(doing))
    if codebook.predicates:
        lines.append("Facts:")
        lines += [f"- {predicate.name}: {predicate.description}" for predicate in codebook.predicates.values()]
    return "\n".join(lines)


def _skills_for(codebook: Codebook, task: str) -> list[str]:
    """Of a codebook that is too long to be told whole, the skills that matter to a task."""
    if len(codebook.skills) <= MOST_SKILLS:
        return []
    relevant = {skill.name for skill in [one for one in rank(codebook, task) if one.ends is None][:MOST_SKILLS]}
    return [skills_text(skill for skill in codebook.skills.values() if skill.name in relevant)]
