"""What a plan may be, here and now, as a graph of choices: any commands and goals in order, up to a length.

A command can be written whether or not its preconditions hold now (carrying the plan out makes them true, or finds that
nothing can), as long as no comparison of its arguments rules it out. So the graph depends on the things that are there
and on nothing else of the moment.
"""

from .action_prompt import MOST_SKILLS, rank
from .action_space import legal_in
from .choice_graph import END, Node
from .goals import Sayable
from .observation import Observation
from .skills import Codebook
from .task_plan import MOST_ITEMS, MOST_TIMES, reasons

_COMMAND, _GOAL = '{"skill":"', '[["'

_Edges = tuple[tuple[str, Node], ...]


def plan_graph(
    codebook: Codebook, observation: Observation, task: str = "", *, giving_up: bool = True, least: int = 1
) -> Node:
    """Every plan that can be written here for a task, of at least so many commands and facts, and why there can be
    none; the latter not without `giving_up`, where anything else can be written.
    """
    said = Sayable.by_kinds(codebook, observation, task)
    opening = _plans(commands_to_name(codebook, observation, task), said, least)
    heads: list[tuple[str, Node]] = [("plan", Node(tuple(('":[' + piece, node) for piece, node in opening)))]
    if not opening:
        heads = []
    if giving_up or not opening:
        end = Node((('"}', END),))
        heads.append(("cannot", Node((('":"', Node(tuple((reason, end) for reason in reasons(codebook)))),))))
    return Node((('{"', Node(tuple(heads))),))


def commands_to_name(codebook: Codebook, observation: Observation, task: str) -> Node | None:
    """The graph of the commands that a plan can name, behind the opening of one; None where there is none."""
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    ranked = doing if len(codebook.skills) <= MOST_SKILLS else [s for s in rank(codebook, task) if s.ends is None]
    state, reachable = codebook.state(observation), codebook.within_reach(observation)
    graph = legal_in(codebook, state, reachable, ranked, MOST_SKILLS, task, compared_only=True).graph
    ((_, skills),) = graph.edges
    return skills if skills.edges else None


def _plans(commands: Node | None, said: Sayable, least: int) -> _Edges:
    """How plans of `least` to MOST_ITEMS commands and facts begin, and what may follow, from the last one back."""
    following: _Edges = ()
    fact = said.item(Node((("", END),))) if said.size else None
    for number in range(MOST_ITEMS, 0, -1):
        following = _items(commands, fact, following, number >= least)
    return following


def _items(commands: Node | None, fact: Node | None, following: _Edges, may_end: bool) -> _Edges:
    """How one more item begins; `following` is how those begin that may come after it."""
    edges: list[tuple[str, Node]] = []
    if commands is not None:
        edges.append((_COMMAND, commands.then(_behind_command(following, may_end))))
    if fact is not None:
        another = [('"],["', node) for piece, node in following if piece == _GOAL]
        more = [(f'"]],{piece}', node) for piece, node in following]
        end = [('"]]]}', END)] if may_end else []
        edges.append((_GOAL, fact.then(Node((*another, *more, *end)))))
    return tuple(edges)


def _behind_command(following: _Edges, may_end: bool) -> Node:
    """What may come behind one command: another item, or how many times."""
    more = [(f",{piece}", node) for piece, node in following]
    end = [("]}", END)] if may_end else []
    counted = Node((*more, *end))
    counts = Node(tuple((str(times), counted) for times in range(2, MOST_TIMES + 1)))
    return Node((*more, (",", counts), *end))
