"""Every message of the scenario channel, by which a run sets up a simulated robot and judges what came of it.

It is a socket of its own beside the command channel; what goes over it reaches the judge, never a controller.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from codeword.codebook.observation import Observation, Record
from codeword.sim.damage_report import Damage

from .messages import Hash, MessageId, Token, Words

Asked = Literal["start", "truth", "damage", "events", "picture"]


class Reset(Record):
    """Begin an episode: build the world of a scenario that the robot's side has too, as a seed draws it.

    `scenario_hash` is the SHA-256 of the scenario's text here; another text there is refused.
    """

    kind: Literal["reset"] = "reset"
    id: MessageId
    scenario: Words
    scenario_hash: Hash
    codebook_hash: Hash
    seed: Annotated[int, Field(ge=0, le=2**53)]


class Ask(Record):
    """Ask what a judge may know. `truth` lets the world come to rest first."""

    kind: Asked
    id: MessageId
    session: Token


class Ready(Record):
    """The world is built; `session` is the one to say hello to on the command channel."""

    kind: Literal["ready"] = "ready"
    id: MessageId
    session: Token


class Told(Record):
    """What was asked. A picture follows as a second frame, JPEG."""

    kind: Literal["told"] = "told"
    id: MessageId
    observation: Observation | None = None
    damage: Damage | None = None
    events: tuple[tuple[float, str], ...] = ()


class ScenarioRefused(Record):
    """Nothing was done, and why."""

    kind: Literal["refused"] = "refused"
    id: Annotated[str, Field(max_length=64)]
    message: Words


ToScenario = Reset | Ask
FromScenario = Ready | Told | ScenarioRefused

TO_SCENARIO: TypeAdapter[ToScenario] = TypeAdapter(Annotated[ToScenario, Field(discriminator="kind")])
FROM_SCENARIO: TypeAdapter[FromScenario] = TypeAdapter(Annotated[FromScenario, Field(discriminator="kind")])
