"""Makes the vectors of common words by which the prior tells how alike words are."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from codeword.controller.prior.vectors import FLOOR
from codeword.controller.profiles import load_model
from codeword.controller.registry import resolve

WORDS, DIMENSIONS, COMMON = 16_000, 320, 3
"""How many words there are, the commonest as the tokenizer has learned them; how many principal components are kept, and
how many of the first ones, which tell how common a word is, are not."""
_LEVELS, _WIDTH = 7, 2.7
"""Values are kept as whole numbers up to this, so many standard deviations away."""
_WORD = re.compile("\u0120[a-z]{3,}")
"""A token that is a word: with the space before it, as byte-level BPE writes that."""


@dataclass(frozen=True)
class Made:
    """How many words there are, how many bytes the file has, how far cosines are those of the floats (correlation), and
    what share of words drawn by chance are more alike than FLOOR.
    """

    words: int
    bytes: int
    correlation: float
    above_floor: float


def make_vectors(model: str, file: Path) -> Made:
    """Write the vectors of a model's words (its input embeddings) to a file; the same of the same model."""
    found = resolve(model)
    loaded = load_model(found)
    tokens = Tokenizer.from_file(str(found.folder / "tokenizer.json")).get_vocab()
    words = sorted((number, token[1:]) for token, number in tokens.items() if _WORD.fullmatch(token))[:WORDS]
    everything = [loaded.embeddings(list(range(at, min(at + 4096, len(tokens))))) for at in range(0, len(tokens), 4096)]
    table = np.concatenate(everything)
    rows = table[[number for number, _ in words]] - table.mean(0)
    _, _, components = np.linalg.svd(rows, full_matrices=False)
    vectors = rows @ components[COMMON : COMMON + DIMENSIONS].T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    small = np.clip(np.round(vectors * (_LEVELS * np.sqrt(DIMENSIONS) / _WIDTH)), -_LEVELS, _LEVELS).astype(np.int8)
    text = " ".join(word for _, word in words)
    np.savez_compressed(file, words=np.frombuffer(text.encode("ascii"), np.uint8), rows=small)
    kept = small / np.linalg.norm(small.astype(np.float32), axis=1, keepdims=True)
    one, other = np.random.default_rng(0).integers(0, len(words), (2, 100_000))
    cosines = [(some[one] * some[other]).sum(1) for some in (vectors, kept)]
    above = float((cosines[1] > FLOOR).mean())
    return Made(len(words), file.stat().st_size, float(np.corrcoef(*cosines)[0, 1]), above)
