"""The token automaton spells exactly the texts of its graph, each as the tokenizer would, and the hold agrees."""

import random

import pytest

from codeword.codebook import Codebook, Observation, legal, load_codebook, parse_codebook
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.plan_grammar import plan_graph
from codeword.controller.automaton import Automaton, State
from codeword.controller.grammar_check import DisagreementError, GrammarCheck, Matcher
from codeword.controller.registry import LocalModel
from codeword.controller.tokens import Tokens
from tests.codebook.goal_grammar import goal_graph
from tests.controller.tiny import tokenizer
from tests.observations import large_observation, random_observation

VOCABULARY = tokenizer().get_vocab_size()
CLOSE = Node((('"}', END),))
WORDS = ("red", "red_block", "red_block_2", "re", "reddish", "blue", "b", "pick", "pickle", "place")


def random_graph(rng: random.Random) -> Node:
    """A graph of one to three arguments, with parts in common and words that begin alike."""
    behind = [CLOSE]
    for number in range(rng.randint(1, 3)):
        nodes = []
        for _ in range(rng.randint(1, 2)):
            words = rng.sample(WORDS, rng.randint(1, 6))
            values = Node(tuple((word, rng.choice(behind)) for word in words))
            nodes.append(Node(((f'","arg_{number}":"', values),)))
        behind = nodes
    return Node((('{"skill":"', Node(tuple((word, rng.choice(behind)) for word in rng.sample(WORDS, 4)))),))


def spelt(state: State) -> list[tuple[int, ...]]:
    """Every sequence of tokens that an automaton allows."""
    if state.is_end:
        return [()]
    return [(token, *rest) for token, child in state.next.items() for rest in spelt(child)]


@pytest.mark.parametrize("seed", range(25))
def test_paths_are_the_canonical_tokenizations(tiny_model: LocalModel, seed: int) -> None:
    graph, tokens = random_graph(random.Random(seed)), Tokens(tiny_model.folder)

    def pieces(node: Node) -> list[tuple[int, ...]]:
        if node is END:
            return [()]
        return [tokens.encode(piece) + rest for piece, child in node.edges for rest in pieces(child)]

    found = spelt(Automaton(graph, tokens.encode).start)
    assert len(found) == len(set(found)) == len(set(graph.texts()))
    assert set(found) == set(pieces(graph))
    assert {tokens.decode(path) for path in found} == set(graph.texts())


def test_states_are_determinized_and_shared(tiny_model: LocalModel) -> None:
    tokens = Tokens(tiny_model.folder)
    graph = Node((("red", CLOSE), ("red_block", CLOSE), ("blue", CLOSE)))
    automaton = Automaton(graph, tokens.encode)
    blue, red = tokens.encode("blue"), tokens.encode("red")
    assert set(automaton.start.next) == {blue[0], red[0]}
    assert list(automaton.start.next) == sorted(automaton.start.next)
    _, behind_blue = automaton.forced_run(automaton.start.next[blue[0]])
    assert behind_blue.is_end


def test_a_forced_run_ends_at_a_choice_or_at_the_end(tiny_model: LocalModel) -> None:
    tokens = Tokens(tiny_model.folder)
    graph = Node((('{"skill":"', Node((("pick", CLOSE), ("done", CLOSE)))),))
    automaton = Automaton(graph, tokens.encode)
    run, state = automaton.forced_run(automaton.start)
    assert tokens.decode(run) == '{"skill":"'
    assert len(state.next) == 2
    only = Automaton(Node((('{"skill":"done"}', END),)), tokens.encode)
    run, state = only.forced_run(only.start)
    assert tokens.decode(run) == '{"skill":"done"}'
    assert state.is_end


def test_a_text_that_begins_another_is_refused(tiny_model: LocalModel) -> None:
    with pytest.raises(ValueError, match="a text of the graph is the beginning of another"):
        spelt(Automaton(Node((("a", END), ("a b", END))), Tokens(tiny_model.folder).encode).start)


@pytest.fixture(scope="module")
def held(tiny_model: LocalModel) -> tuple[Tokens, GrammarCheck]:
    tokens = Tokens(tiny_model.folder)
    return tokens, GrammarCheck(tokens.json, tokens.end_token)


def walk_both(tokens: Tokens, hold: GrammarCheck, graph: Node, rng: random.Random) -> str:
    """Go a random way through both automata, each step compared; gives the text."""
    state, matcher, taken = Automaton(graph, tokens.encode).start, hold.matcher(graph), []
    while not state.is_end:
        allowed = list(state.next)
        matcher.expect(allowed)
        taken.append(rng.choice(allowed))
        matcher.follow(taken[-1:])
        state = state.next[taken[-1]]
    matcher.expect_end()
    return tokens.decode(taken)


@pytest.mark.parametrize("seed", range(20))
def test_the_hold_agrees(held: tuple[Tokens, GrammarCheck], seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng)
    assert graph.accepts(walk_both(*held, graph, rng))


@pytest.mark.parametrize("seed", range(10))
def test_the_hold_allows_nothing_but_the_beginnings_of_the_graph_s_texts(
    held: tuple[Tokens, GrammarCheck], seed: int
) -> None:
    tokens, hold = held
    rng = random.Random(seed)
    graph = random_graph(rng)
    texts = list(graph.texts())
    matcher, taken = hold.matcher(graph), []
    for token in tokens.encode(rng.choice(texts)):
        before = tokens.decode(taken)
        for other in range(VOCABULARY):
            written = tokens.decode([*taken, other])
            if len(written) > len(before) and allows(matcher, other):
                assert any(text.startswith(written.rstrip("\ufffd")) for text in texts), written
        assert allows(matcher, token)
        matcher.follow([token])
        taken.append(token)


def allows(matcher: Matcher, token: int) -> bool:
    """Whether the hold lets a token come next."""
    try:
        matcher.expect([token])
    except DisagreementError:
        return False
    return True


@pytest.mark.parametrize("piece", ['"', "\\", "/", "[a-z]*", "é", "\U0001f916", "\n", "a|b", "#", "%", "$"])
def test_the_hold_takes_pieces_as_they_are(held: tuple[Tokens, GrammarCheck], piece: str) -> None:
    tokens, hold = held
    graph = Node(((piece, Node((("a", END), ("b", END)))),))
    matcher = hold.matcher(graph)
    matcher.follow(tokens.encode(f"{piece}b"))
    matcher.expect_end()


def test_the_hold_agrees_on_goals_over_a_large_scene(held: tuple[Tokens, GrammarCheck], tabletop: Codebook) -> None:
    rng = random.Random(7)
    graph = goal_graph(tabletop, large_observation())
    for _ in range(5):
        assert graph.accepts(walk_both(*held, graph, rng))


def test_the_hold_agrees_on_plans(held: tuple[Tokens, GrammarCheck], tabletop: Codebook) -> None:
    rng = random.Random(8)
    graph = plan_graph(tabletop, large_observation(4), "put red in blue")
    for _ in range(4):
        assert graph.accepts(walk_both(*held, graph, rng))


@pytest.mark.model
def test_plans_have_the_tokens_of_the_whole_text_for_the_real_tokenizer(
    real_model: LocalModel, tabletop: Codebook
) -> None:
    tokens, rng = Tokens(real_model.folder), random.Random(2)
    for book, seen in ((tabletop, large_observation(4)), (load_codebook("lekiwi"), random_observation(rng))):
        graph = plan_graph(book, seen, "put red in blue")
        automaton = Automaton(graph, tokens.encode)
        for _ in range(60):
            text, node = "", graph
            while node is not END:
                piece, node = rng.choice(node.edges)
                text += piece
            state = automaton.start
            for token in tokens.encode(text):
                state = state.next[token]
            assert state.is_end, text


def test_the_hold_refuses_what_the_grammar_does_not_allow(held: tuple[Tokens, GrammarCheck]) -> None:
    tokens, hold = held
    graph = Node((('{"skill":"', Node((("pick", CLOSE), ("done", CLOSE)))),))
    with pytest.raises(DisagreementError, match="the grammar refuses token"):
        hold.matcher(graph).follow(tokens.encode('{"skill":"fly"}'))
    matcher = hold.matcher(graph)
    matcher.follow(tokens.encode('{"skill":"'))
    with pytest.raises(DisagreementError, match="the grammar refuses token"):
        matcher.expect([tokens.encode("pick")[0], tokens.encode("?")[0]])
    with pytest.raises(DisagreementError, match="the grammar does not end here"):
        matcher.expect_end()


SPEAKER = """\
codebook: speaker
robot: {robot: speaker, primitives: {say: {description: speak}}}
skills:
  say: {description: say words, args: {text: {text: {max_words: 4}}, loud: {boolean: , default: false}}}
  write: {description: write two texts, args: {text: {text: {max_words: 2}}, n: {integer: {min: 0, max: 9}}}}
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
"""
TASKS = (
    "Say good morning to Anna",
    "say 'it's 5 o'clock' and don't stop: room 12b, 3.5 kg, 20% off",
    "sage schöne Grüße an Öykü, scho\u0308ne\u0301 Gru\u0308\u00dfe",
    "说早上好，安娜！再说hello吧2次",
    'say "¡Hola, Anna!" and «Ça va?» and “👋👋” now',
    "hi 👋 Anna 🤖, नमस्ते अन्ना สวัสดี 안녕하세요",
    "one, two; three... four (five) [six] {seven} <|im_end|> a_b_c/d-e's x=y",
    "the dogs' house's  'quoted' words\nand\tmore, the the the the",
)


def speaking(task: str) -> Node:
    return legal(parse_codebook(SPEAKER), Observation(step=0, time_s=0.0, entities=(), facts=()), task).graph


def check_tokens_of_whole_texts(tokens: Tokens, graph: Node) -> None:
    """The only path of tokens to a text is that of the whole text, tokenized at once."""
    automaton = Automaton(graph, tokens.encode)
    texts = list(graph.texts())
    for text in texts:
        state = automaton.start
        for token in tokens.encode(text):
            assert token in state.next, text
            state = state.next[token]
        assert state.is_end, text
    assert {tokens.decode(path) for path in spelt(automaton.start)} == set(texts)
    assert len(spelt(automaton.start)) == len(texts) == len(set(texts))


@pytest.mark.parametrize("task", TASKS)
def test_copied_words_have_the_tokens_of_the_whole_text(held: tuple[Tokens, GrammarCheck], task: str) -> None:
    check_tokens_of_whole_texts(held[0], speaking(task))


@pytest.mark.model
@pytest.mark.parametrize("task", TASKS)
def test_copied_words_have_the_tokens_of_the_whole_text_for_the_real_tokenizer(
    real_model: LocalModel, task: str
) -> None:
    check_tokens_of_whole_texts(Tokens(real_model.folder), speaking(task))


@pytest.mark.parametrize("task", TASKS)
def test_the_hold_agrees_on_copied_words(held: tuple[Tokens, GrammarCheck], task: str) -> None:
    rng, graph = random.Random(8), speaking(task)
    for _ in range(10):
        assert graph.accepts(walk_both(*held, graph, rng))


@pytest.mark.model
def test_with_the_real_tokenizer_and_codebook(real_model: LocalModel, tabletop: Codebook) -> None:
    tokens, rng = Tokens(real_model.folder), random.Random(3)
    hold = GrammarCheck(tokens.json, tokens.end_token)
    for _ in range(60):
        graph = legal(tabletop, random_observation(rng)).graph
        text = walk_both(tokens, hold, graph, rng)
        assert graph.accepts(text)
    # The tokens of a command are those of the whole text, tokenized at once.
    for text in list(graph.texts())[:200]:
        state = Automaton(graph, tokens.encode).start
        for token in tokens.encode(text):
            state = state.next[token]
        assert state.is_end


@pytest.mark.model
def test_the_hold_agrees_on_copied_words_for_the_real_tokenizer(real_model: LocalModel) -> None:
    tokens, rng = Tokens(real_model.folder), random.Random(9)
    hold = GrammarCheck(tokens.json, tokens.end_token)
    for graph in map(speaking, TASKS):
        for _ in range(10):
            assert graph.accepts(walk_both(tokens, hold, graph, rng))


@pytest.mark.slow
@pytest.mark.model
def test_outlines_generates_from_the_same_grammar(real_model: LocalModel, tabletop: Codebook) -> None:
    import outlines
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    theirs = AutoTokenizer.from_pretrained(real_model.folder)
    config = LlamaConfig(
        vocab_size=len(theirs), hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    model = outlines.from_transformers(LlamaForCausalLM(config), theirs)
    rng = random.Random(4)
    graphs = [legal(tabletop, random_observation(rng)).graph for _ in range(3)]
    graphs.append(plan_graph(tabletop, random_observation(rng)))
    for graph in graphs:
        assert graph.grammar().definition == graph.lark(), "what the hold compiles"
        text = outlines.Generator(model, graph.grammar(), backend="llguidance")("Next:", max_new_tokens=60)
        assert graph.accepts(text)
