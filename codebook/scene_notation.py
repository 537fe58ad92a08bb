"""What is seen, as people write it in YAML: to try tasks without a robot, and beside tasks with their answers.

things: {rock: [red_rock, flat_rock], site: [base, ridge]}     # by kind
facts: [at(base)]
properties: {red_rock: {color: red}}
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import CodebookError, did_you_mean
from .facts import ID, Fact
from .observation import Entity, Observation
from .skills import Codebook
from .task_plan import Do, things_named
from .yaml_source import List_, Mapping_, Place, Source, check_keys, parse_yaml, read_text, rejoined, shown

_EACH = 3


def made_up_scene(codebook: Codebook) -> Observation:
    """Things of every kind: those that the codebook's examples name, where their skills tell the kind, and else
    `KIND_1` to `KIND_3`; each with one word out of every property that lists its words, in turn. No facts:
    which of them are so together nothing tells.
    """
    kinds: dict[str, str] = {}
    for example in codebook.examples:
        for item in example.plan.items:
            if isinstance(item, Do):
                for thing, takes in things_named(codebook, item.command):
                    if len(takes) == 1:
                        kinds[thing] = takes[0]
    for kind in codebook.kinds:
        if kind not in kinds.values():
            things = [f"{kind}_{number}" for number in range(1, _EACH + 1)]
            kinds |= dict.fromkeys(things, kind)
    listed = {name: words for name, words in codebook.properties.items() if words}
    entities = tuple(
        Entity(id=thing, kind=kind, properties={name: words[n % len(words)] for name, words in listed.items()})
        for n, (thing, kind) in enumerate(sorted(kinds.items(), key=lambda one: codebook.kinds.index(one[1])))
    )
    return Observation(step=0, time_s=0.0, entities=entities, facts=())


_KEYS = ("things", "facts", "properties")


def load_scene(codebook: Codebook, path: Path) -> Observation:
    """The scene of a file. Raises CodebookError with every fault found, each with line and column."""
    source = parse_yaml(read_text(path, CodebookError), str(path), CodebookError)
    seen = read_scene(codebook, source, source.root)
    if source.faults:
        raise CodebookError(*source.faults)
    return seen


def read_scene(codebook: Codebook, source: Source, value: Mapping_, before: Observation | None = None) -> Observation:
    """What a mapping says is seen; things or facts of which it says nothing are as `before`. Faults are noted in the
    source.
    """
    reader = _Reader(codebook, source)
    check_keys(source, value, "the scene", (), _KEYS)
    entities = before.entities if before is not None else ()
    facts = before.facts if before is not None else ()
    if "things" in value:
        entities = tuple(reader.entities(value))
    elif "properties" in value:
        source.fault(
            "properties are told of the things beside them, and there is no 'things'", value.key_at("properties")
        )
    if "facts" in value:
        facts = tuple(reader.facts(value.get("facts"), value.value_at("facts"), {entity.id for entity in entities}))
    return Observation(step=0, time_s=0.0, entities=entities, facts=facts)


class _Reader:
    def __init__(self, codebook: Codebook, source: Source) -> None:
        self.codebook, self.source, self.fault = codebook, source, source.fault

    def entities(self, scene: Mapping_) -> Iterator[Entity]:
        kinds: dict[str, str] = {}
        things, at = scene.get("things"), scene.value_at("things")
        if not isinstance(things, Mapping_):
            self.fault(f"'things' maps kinds to ids, not '{shown(things)}'", at)
            return
        for kind, listed in things.items():
            if kind not in self.codebook.kinds:
                self.fault(f"unknown kind '{kind}'{did_you_mean(str(kind), self.codebook.kinds)}", things.key_at(kind))
                continue
            for thing, place in listed if isinstance(listed, List_) else [(listed, things.value_at(kind))]:
                if not isinstance(thing, str) or not ID.fullmatch(thing) or len(thing) > 64:
                    self.fault(
                        f"'{shown(thing)}' cannot be the id of a thing (lower-case letters, digits and _ between them)",
                        place,
                    )
                elif thing in kinds:
                    self.fault(f"the thing '{thing}' stands here twice", place)
                else:
                    kinds[thing] = kind
        seen = self.properties(scene, kinds) if "properties" in scene else {}
        yield from (Entity(id=thing, kind=kind, properties=seen.get(thing, {})) for thing, kind in kinds.items())

    def properties(self, scene: Mapping_, things: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """What is seen of each thing."""
        found: dict[str, dict[str, str]] = {}
        given = scene.get("properties")
        if not isinstance(given, Mapping_):
            at = scene.value_at("properties")
            self.fault(f"'properties' maps things to what is seen of them, not '{shown(given)}'", at)
            return found
        for thing, seen in given.items():
            if thing not in things:
                self.fault(f"there is no thing '{thing}'{did_you_mean(str(thing), list(things))}", given.key_at(thing))
            elif not isinstance(seen, Mapping_):
                self.fault(
                    f"what is seen of '{thing}' maps properties to words, not '{shown(seen)}'", given.value_at(thing)
                )
            else:
                for name, word in seen.items():
                    if self.is_property(name, word, seen.value_at(name)):
                        found.setdefault(str(thing), {})[str(name)] = str(word)
        return found

    def is_property(self, name: Any, word: Any, at: Place) -> bool:
        known = self.codebook.properties
        if name not in known:
            self.fault(f"unknown property '{name}'{did_you_mean(str(name), list(known))}", at)
        elif not isinstance(word, str) or word not in (known[name] or (word,)):
            self.fault(f"'{name}' cannot be '{shown(word)}'{did_you_mean(str(word), list(known[name] or ()))}", at)
        else:
            return True
        return False

    def facts(self, listed: Any, at: Place, things: set[str]) -> Iterator[Fact]:
        places = self.codebook.places()
        for text, place in rejoined(listed) if isinstance(listed, List_) else [(listed, at)]:
            fact = self.source.parsed(Fact.parse, text, place)
            if fact is None:
                continue
            unknown = [arg for arg in fact.args if arg not in things]
            if fact.name not in self.codebook.predicates:
                known = list(self.codebook.predicates)
                self.fault(f"unknown fact '{fact.name}'{did_you_mean(fact.name, known)}", place)
            elif len(fact.args) != places[fact.name]:
                self.fault(f"'{fact}' is of {len(fact.args)} things; '{fact.name}' of {places[fact.name]}", place)
            elif unknown:
                self.fault(f"there is no thing '{unknown[0]}'{did_you_mean(unknown[0], sorted(things))}", place)
            else:
                yield fact
