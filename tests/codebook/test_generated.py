"""Random codebooks and observations, ten thousand with `--thorough`: grammar, schema, reader and preconditions agree exactly."""

import json
import random
import re
from collections.abc import Callable

from jsonschema import Draft202012Validator

from codeword.codebook import CommandError, legal, read_command
from codeword.codebook.command_codec import command_schema
from tests.codebook.generated import TASK, every_valid_command, random_codebook, random_observation

OBSERVATIONS = 10


def test_the_grammar_accepts_exactly_what_is_valid(sized: Callable[[int], int]) -> None:
    rng, codebooks = random.Random(11), sized(1000)
    cases = commands = hundredths = 0
    for _ in range(codebooks):
        codebook = random_codebook(rng)
        validator = Draft202012Validator(command_schema(codebook))
        for number in range(OBSERVATIONS):
            observation = random_observation(rng)
            offered = legal(codebook, observation, TASK)
            texts = list(offered.graph.texts())
            assert len(texts) == len(set(texts)) == offered.count
            assert set(texts) == every_valid_command(codebook, observation), codebook.text
            if number == 0:
                pattern = re.compile(offered.graph.regex())
                for text in texts[:: max(1, len(texts) // 40)]:
                    assert pattern.fullmatch(text)
                    assert validator.is_valid(json.loads(text))
                    assert read_command(codebook, text).text == text
                hundredths += any(":0.07," in text or ":0.07}" in text for text in texts)
            cases += 1
            commands += len(texts)
    assert cases == OBSERVATIONS * codebooks
    assert commands > 100 * codebooks
    assert hundredths > codebooks // 50, "0.07 with a step of 0.01 was among them"


def test_what_is_not_canonical_is_read_as_its_canonical_form_or_refused(sized: Callable[[int], int]) -> None:
    """Other key orders, spaces, written-out defaults and 1.0 for 1 say the same command; a value off its step says none."""
    rng = random.Random(12)
    seen, codebooks = 0, sized(300)
    for _ in range(codebooks):
        codebook = random_codebook(rng)
        for text in list(legal(codebook, random_observation(rng), TASK).graph.texts())[:5]:
            data = json.loads(text)
            full = {"skill": data["skill"], **read_command(codebook, text).args}
            loose = json.dumps(dict(reversed(full.items())), indent=1)
            assert read_command(codebook, loose).text == text
            for name, value in data.items():
                if isinstance(value, float):
                    seen += 1
                    off = json.dumps({**data, name: value + 0.003})
                    try:
                        read_command(codebook, off)
                    except CommandError as problem:
                        assert problem.check == "schema"
                    else:
                        raise AssertionError(f"{off} was read")
    assert seen > codebooks // 6
