"""A model of every common chat template decides: prompts are those of the template, commands those of the grammar."""

import json
from functools import cache
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from codeword.codebook import Codebook, legal
from codeword.codebook.prompt import Prompt, write_prompt
from codeword.controller.engine import Engine, Request
from codeword.controller.registry import open_folder
from codeword.controller.tokens import Tokens
from tests.controller.test_chat import LLAMA2, LLAMA3
from tests.controller.tiny import CHATML, write_folder
from tests.observations import observe

TEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:;-()[]<>/|#'\"{}!?%&*+=▁"
MERGES = (
    ("r", "e"), ("re", "d"), ("▁", "re"), ("▁re", "d"), ("▁", "b"), ("▁b", "l"), ("b", "l"), ("bl", "o"), ("blo", "c"),
    ("bloc", "k"), ("▁", "["), ("I", "N"), ("IN", "S"), ("INS", "T"), ("p", "i"), ("pi", "ck"), ("c", "k"), ("▁", "<"),
    ("S", "Y"), ("SY", "S"), ("▁", "p"), ("▁p", "i"), ('"', ":"), (":", '"'),
)  # fmt: skip


def _blank_before_words(prepend: str) -> Tokenizer:
    """A tokenizer like SentencePiece's: blanks belong to the words behind them, and what it lacks is spelt in bytes.

    `prepend` says how it puts a blank before every text: by a normalizer, as Llama 2 ships it, or before the first word
    only, as newer ones do.
    """
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *TEXT]
    pieces += [left + right for left, right in MERGES]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    made = Tokenizer(
        models.BPE(
            vocabulary, [merge for merge in MERGES if merge[1] in vocabulary], unk_token="<unk>", byte_fallback=True
        )
    )
    blanks = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(blanks)
    if prepend == "normalizer":
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        made.pre_tokenizer = pre_tokenizers.Metaspace("▁", "first", split=False)
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in ("<unk>", "<s>", "</s>")])
    return made


@cache
def _byte_level(control: tuple[str, ...]) -> Tokenizer:
    """A tokenizer like Llama 3's, with control tokens of its own."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=380, special_tokens=list(control), initial_alphabet=alphabet)
    made.train_from_iterator(['{"skill":"pick","object":"red_block"} Seen: table. Task: put the block'], trainer)
    return made


LLAMA3_TOKENS = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
SHAPES = {
    "chatml": (lambda: _byte_level(("<|endoftext|>", "<|im_start|>", "<|im_end|>")), CHATML, "<|endoftext|>", "<|im_end|>"),
    "llama3": (lambda: _byte_level(LLAMA3_TOKENS), LLAMA3, "<|begin_of_text|>", "<|eot_id|>"),
    "llama2": (lambda: _blank_before_words("normalizer"), LLAMA2, "<s>", "</s>"),
    "llama2, first word only": (lambda: _blank_before_words("first word"), LLAMA2, "<s>", "</s>"),
}  # fmt: skip


@pytest.fixture(params=SHAPES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A model folder of each shape."""
    make, template, begin, end = SHAPES[request.param]
    made = make()
    folder = write_folder(tmp_path / "model", vocab_size=made.get_vocab_size())
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": begin, "eos_token": end, "chat_template": template})
    )
    return folder


def test_segments_equal_the_whole(folder: Path) -> None:
    tokens, plain = Tokens(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    prompt = Prompt("You control a robot.\n- pick(object): x.", "Task: put it there.", "Seen: red block\nFacts: none")
    before, between, after = tokens.chat.pieces
    whole = f"{before}{prompt.system}{between}{prompt.task}\n{prompt.observation}{after}"
    assert tokens.prompt(prompt).all == tuple(plain.encode(whole, add_special_tokens=False).ids)


def test_a_command_is_spelt_as_behind_the_prompt(folder: Path) -> None:
    tokens, plain = Tokens(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    command = '{"skill":"pick","object":"red_block"}'
    ids = plain.encode("Seen\n" + command, add_special_tokens=False).ids
    assert tuple(ids[-len(tokens.encode(command)) :]) == tokens.encode(command)
    assert tokens.decode(tokens.encode(command)) == command
    pieces = ('{"skill":"', "pick", '","object":"', "red_block", '"}')
    assert tokens.decode([token for piece in pieces for token in tokens.encode(piece)]) == command


def test_the_model_decides(folder: Path, tabletop: Codebook) -> None:
    engine = Engine(open_folder(folder, "tiny"), profile="fp32")
    assert engine.tokens.end_token == Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id(
        json.loads((folder / "tokenizer_config.json").read_text())["eos_token"]
    )
    for blocks in ({"red_block": "table", "blue_block": "table"}, {"red_block": "held"}, {}):
        observation = observe(blocks, bowls=("blue_bowl",))
        graph = legal(tabletop, observation).graph
        decision = engine.decide(write_prompt(tabletop, "Put the red block in the bowl.", observation), graph)
        assert graph.accepts(decision.text)
        assert decision.tokens_chosen == len(decision.choices) > 0
        for choice in decision.choices:
            assert decision.text.startswith(choice.after + choice.taken)
    assert len(engine.decide_many([Request(write_prompt(tabletop, "x", observation), graph)] * 2)) == 2
