"""What the model reads where a plan is asked for, word for word: whoever changes it raises PLAN_CONTRACT."""

from codeword.codebook import load_codebook
from codeword.codebook.plan_prompt import PLAN_CONTRACT, plan_prompt, plan_system
from tests.codebook.plan_books import DOG, book, scene

SYSTEM = """\
You turn what people say into plans for a robot. A plan is one line of JSON: the commands in the order in which they are \
to be carried out. A number after a command says how many times. Take things and numbers from the task. If no skill does \
what is asked, or it is only talk, answer {"cannot":"unclear"}.
The form of a plan: {"plan":[{"skill":"sit"},{"skill":"bark"},2]}
Skills:
- sit(): sit down.
- bark(): bark once.
- walk(steps: -10..10 step 1): walk straight ahead, or back if negative. Needs not (steps == 0)."""


def test_the_prompt_of_a_plan_word_for_word() -> None:
    dog = book(DOG.replace("bark: {description: bark once}", "bark: {description: bark once, examples: [say woof]}"))
    prompt = plan_prompt(dog, "Say woof, then\n  five steps back", scene(), done=("sit",))
    assert PLAN_CONTRACT == 9
    assert prompt.system == SYSTEM
    assert prompt.task == ('Example: say woof = {"plan":[{"skill":"bark"}]}\nSeen: nothing\nFacts: none\nDone: sit')
    assert prompt.observation == "Task: Say woof, then five steps back\nNumbers: five steps = 5\nPlan:"


def test_goals_are_told_of_where_skills_declare_effects() -> None:
    line = 'What is to be made true stands in it as a list of facts: [["thing","fact","place"],["fact","thing"]]'
    assert line in plan_system(load_codebook("tabletop")).splitlines()
    assert line not in plan_system(book(DOG))
