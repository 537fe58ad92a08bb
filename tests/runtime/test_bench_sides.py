"""Sides in processes of their own: their settings, their failures, and those that are not here."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from codeword.codebook.choice_graph import END, Node
from codeword.codebook.errors import InputError
from codeword.controller.registry import LocalModel, open_folder
from codeword.controller.store import silent
from tests.benchmarks import contest, sides
from tests.benchmarks.contest import Contest
from tests.benchmarks.decision import find_sides
from tests.benchmarks.files import write_plain
from tests.benchmarks.forced import kept_of
from tests.benchmarks.graphs import pack, unpack
from tests.benchmarks.process import SideError
from tests.benchmarks.side import Question
from tests.benchmarks.sides import Setting, SideSpec, check_names
from tests.controller import tiny

SHARED = Node((("}", END),))
GRAPH = Node((("{", Node((("1", SHARED), ("2", SHARED)))),))
ASKED = dict.fromkeys(
    ("ours", "peer"), Question("system", "task", "observation", (1, 2, 3), pack(GRAPH), ("", "", ""), {})
)


def fake(name: str, **settings: dict[str, object]) -> SideSpec:
    return SideSpec(name, "tests.runtime.fake_sides:FakeSide", {key: Setting(how) for key, how in settings.items()})


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest, "REST_S", 0.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    return open_folder(tiny.write_folder(tmp_path_factory.mktemp("tiny")), "tiny")


def test_the_quickest_setting_is_kept_and_every_answer_comes_from_its_own_process() -> None:
    counted: list[int] = []
    specs = [fake("ours", only={"ms": 0}), fake("peer", slow={"ms": 9}, quick={"ms": 3})]
    with Contest(specs, [ASKED] * 2, lambda: counted.append(1)) as running:
        assert running.setting == {"ours": "only", "peer": "quick"}
        assert running.tried_ms == {"peer": {"slow": 9.0, "quick": 3.0}}
        answers = running.decide([ASKED] * 3, lambda: counted.append(1))
        assert 5 < running.rss_mb("peer") < 60, "a process with nothing but Python in it"
    assert len(counted) == 2 * 2 + 2 * 2
    assert [answer.text for answer in answers["ours"]] == ["{1}", "{1}"], "the first one is not counted"
    assert [answer.tokens_chosen for answer in answers["peer"]] == [4, 5], "the process of the trials goes on"


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"ms": 0, "fails_at": 1}, "peer: ValueError: no more answers"),
        ({"ms": 0, "fails_at": 1, "dies": True}, "peer: its process ended with code 3"),
        ({"ms": 0, "gone": 1}, "peer: TypeError: FakeSide.__init__() got an unexpected keyword argument 'gone'"),
    ],
)
def test_a_side_that_fails_is_left_out_and_the_others_go_on(how: dict[str, object], why: str) -> None:
    with Contest([fake("ours", only={"ms": 0}), fake("peer", only=how)], [ASKED], lambda: None) as running:
        answers = running.decide([ASKED] * 3, lambda: None)
        assert running.left_out["peer"].startswith(why)
    assert {name: len(made) for name, made in answers.items()} == {"ours": 2}


def test_without_ours_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(SideError, match="ours: ValueError: no more answers"):
        Contest([fake("ours", only={"ms": 0, "fails_at": 0})], [], lambda: None).decide([ASKED], lambda: None)


@pytest.mark.parametrize(
    ("name", "how"),
    [("llama.cpp", "pip install xllamacpp"), ("llama.cpp-native", "tests/benchmarks/build_llama_cpp.sh")],
)
def test_llama_cpp_that_is_not_installed_is_one_clear_line(
    name: str, how: str, model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sides, "find_spec", lambda _: None)
    specs, left_out = find_sides(("ours", name), model, silent)
    assert [spec.name for spec in specs] == ["ours"]
    assert left_out == {name: f"{name} is not here; get it with: {how}"}


@pytest.mark.parametrize("name", ["llama.cpp", "llama.cpp-native"])
def test_a_model_without_a_gguf_file_is_nothing_for_llama_cpp(
    name: str, model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sides, "find_spec", lambda name: name)
    assert find_sides((name,), model, silent)[1] == {name: f"{name} needs a GGUF file, and 'tiny' is none"}


def test_llama_cpp_of_this_machine_is_tried_with_other_kinds_of_quantization(
    model: LocalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sides, "find_spec", lambda name: name)
    monkeypatch.setattr(sides, "gguf_of", lambda *_: tmp_path / "model.gguf")
    monkeypatch.setattr(sides, "requantized", lambda gguf, kind, _: gguf.with_suffix(f".{kind}.gguf"))
    monkeypatch.setattr(sides, "_thread_counts", lambda: [1, 2])
    ((native,), _) = find_sides(("llama.cpp-native",), model, silent)
    ways = ("1 thread", "2 threads", "2 threads, sleeping")
    assert list(native.settings) == [f"{kind}{way}" for kind in ("", "Q4_0, ", "Q8_0, ") for way in ways]
    options = native.settings["Q8_0, 2 threads"].options
    assert (options["gguf"], options["threads"]) == (str(tmp_path / "model.Q8_0.gguf"), 2)


def test_what_is_kept_of_a_prompt_is_not_read_again_but_for_its_last_token() -> None:
    assert [kept_of(tokens, (1, 2, 3)) for tokens in ((1, 2, 4, 5), (1, 2, 3), (2, 2), (1, 2, 3, 4))] == [2, 2, 0, 3]


def test_peers_are_tried_in_several_settings(model: LocalModel) -> None:
    ((ours, outlines), left_out) = find_sides(("ours", "outlines"), model, silent)
    assert (list(ours.settings), list(outlines.settings)) == ([""], ["bf16", "bf16, sleeping", "fp32"])
    assert not left_out


def test_ours_comes_first_and_an_unknown_side_suggests_one() -> None:
    assert check_names(["llama.cpp", "outlines"]) == ("ours", "outlines", "llama.cpp")
    assert check_names([]) == ("ours",)
    with pytest.raises(InputError, match="there is no side 'outline'; did you mean 'outlines'"):
        check_names(["outline"])


def test_a_graph_survives_its_journey() -> None:
    again = unpack(pack(GRAPH))
    assert list(again.texts()) == list(GRAPH.texts()) == ["{1}", "{2}"]
    ((_, middle),) = again.edges
    assert middle.edges[0][1] is middle.edges[1][1], "what was shared is shared"
    assert middle.edges[0][1].edges[0][1] is END


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_transformers_gets_the_weights_of_the_gguf_file(kind: str, tmp_path: Path) -> None:
    folder = tiny.write_folder(tmp_path / "model", kind)
    (tmp_path / "plain").mkdir()
    write_plain(tiny.write_gguf(tmp_path / "tiny.gguf", kind), folder, tmp_path / "plain")
    read = load_file(tmp_path / "plain" / "model.safetensors")
    for name, values in tiny.weights(tiny.config(kind)).items():
        largest = float(values.abs().max())
        assert np.abs(read[name] - values.numpy()).max() <= largest / 100, name
    assert (tmp_path / "plain" / "tokenizer.json").is_file()
