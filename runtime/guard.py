"""The checks between a decision and the robot. Nothing reaches the robot that has not passed them all."""

from codeword.codebook import Codebook, Command, CommandError, Observation, read_command
from codeword.codebook.arguments import Argument, TextArgument
from codeword.codebook.command_codec import bindings_of, prepare, things_in
from codeword.codebook.conditions import holds_for_each
from codeword.codebook.spans import is_span


class Guard:
    """Checks texts from anywhere against a codebook and what is observed now.

    In order: size, strict JSON and schema (`read_command`), then that every entity named is observed and of the right
    kind (`entity`), inside the workspace (`workspace`), that texts are copied from the task (`text`), and that the
    preconditions hold (`precondition`). It shares no code with the grammar beyond the conditions themselves and what a
    word is.
    """

    def __init__(self, codebook: Codebook) -> None:
        self.codebook = codebook
        prepare(codebook)

    def check(self, text: str | bytes, observation: Observation, task: str | None = "") -> Command:
        """The command that a text says, if it may be carried out now. Raises CommandError naming the check.

        Where the task is not known, which None says, it is not asked whether texts are copied from it.
        """
        command = read_command(self.codebook, text)
        skill = self.codebook.skills[command.skill]
        for name in skill.entity_args:
            for thing in things_in(skill.args[name], command.args[name]):
                self._check_entity(thing, skill.args[name], name, observation)
        for name, argument in skill.args.items():
            if isinstance(argument, TextArgument) and task is not None:
                self._check_text(str(command.args[name]), argument, name, task)
        state = self.codebook.state(observation)
        bindings = bindings_of(command)
        for condition in skill.conjuncts:
            if not holds_for_each(condition, state, bindings):
                raise CommandError("precondition", f"'{command.skill}' needs {condition}")
        return command

    def _check_text(self, text: str, argument: TextArgument, name: str, task: str) -> None:
        if text != argument.default and not is_span(task, text, argument.max_words):
            raise CommandError("text", f"'{text}' does not stand in the task; '{name}' takes {argument.describe()}")

    def _check_entity(self, thing: str, argument: Argument, name: str, observation: Observation) -> None:
        entity = observation.entity(thing)
        if entity is None:
            raise CommandError("entity", f"'{thing}' is not observed")
        kinds = getattr(argument, "kinds", ())
        if entity.kind not in kinds:
            raise CommandError("entity", f"'{entity.id}' is a {entity.kind}; '{name}' takes {' or '.join(kinds)}")
        box = self.codebook.workspace
        if box is not None and entity.position_m is not None and not box.contains(entity.position_m):
            at = ", ".join(f"{value:.2f}" for value in entity.position_m)
            raise CommandError("workspace", f"'{entity.id}' at ({at}) m is outside the workspace")
