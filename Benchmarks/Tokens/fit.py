"""Fits the factors of TokenFactors.swift to a tokenizer, and tells how far off they are.

    pip install tiktoken==0.14.0 numpy scipy
    python Benchmarks/Tokens/fit.py CORPUS

CORPUS has a folder for each kind of text (english, russian, python ...) with text files in UTF-8, a sample
each: paragraphs rather than books, some hundred of them. Samples of one source, such as a manual, are named
SOURCE-NUMBER; those of a quarter of the sources are kept for measuring.
tiktoken loads the vocabularies itself, or finds them in TIKTOKEN_CACHE_DIR.
"""

import sys
import zlib
from pathlib import Path

import numpy as np
import tiktoken
from scipy.optimize import nnls

KINDS = (
    "small capital digit space line punctuation cyrillic latin han hangul rightToLeft symbol indic beyond"
    " continuation"
).split()
ASCII = KINDS[:6]
FITTED, NEWER = "cl100k_base", "o200k_base"
# Of samples of one kind of text, as many as these count in full: no kind outweighs the others by its number.
SAMPLES = 300
# What is asked most counts more.
EMPHASIS = {"english": 2, "german": 2, "russian": 1.5, "chinese": 1.5}


def kind(byte):
    if byte < 0x80:
        character = chr(byte)
        if character.islower():
            return "small"
        if character.isupper():
            return "capital"
        if character.isdigit():
            return "digit"
        if character == " ":
            return "space"
        return "line" if byte < 0x20 or byte == 0x7F else "punctuation"
    for end, name in [
        (0xC0, "continuation"), (0xD0, "latin"), (0xD4, "cyrillic"), (0xE0, "rightToLeft"), (0xE2, "indic"),
        (0xE3, "symbol"), (0xEA, "han"), (0xEE, "hangul"), (0xF0, "han"),
    ]:
        if byte < end:
            return name
    return "beyond"


def factor(before, this):
    """The name of what a byte of kind `this` adds after one of kind `before`; None for nothing."""
    within = before not in ASCII
    if this in ("small", "capital"):
        if before == "small" or within:
            return "letter" if this == "small" else "hump"
        if before == "capital":
            return "letter" if this == "small" else "capital"
        return "word"
    if this == "digit":
        return "digit" if before == "digit" else "number"
    if this == "space":
        if before in ("space", "line"):
            return "indent"
        return "space" if before in ("digit", "punctuation") else None
    if this == "line":
        return "lineAgain" if before in ("line", "space") else "line"
    if this == "punctuation":
        return "punctuationAgain" if before == "punctuation" else "punctuation"
    if this in ("cyrillic", "latin", "han", "hangul"):
        return this + "Again" if within else this
    return None if this == "continuation" else this


FACTORS = sorted({factor(a, b) for a in KINDS for b in KINDS} - {None})
KIND_OF_BYTE = np.array([KINDS.index(kind(byte)) for byte in range(256)])
# From pairs of kinds to factors.
SHARES = np.zeros((len(KINDS) ** 2, len(FACTORS)))
for a, before in enumerate(KINDS):
    for b, this in enumerate(KINDS):
        if name := factor(before, this):
            SHARES[a * len(KINDS) + b, FACTORS.index(name)] = 1


def features(text):
    """How often each factor adds its weight: a text begins as after a line's end."""
    kinds = KIND_OF_BYTE[np.frombuffer(text.encode(), dtype=np.uint8)]
    before = np.concatenate([[KINDS.index("line")], kinds[:-1]])
    return np.bincount(before * len(KINDS) + kinds, minlength=len(KINDS) ** 2) @ SHARES


def read(corpus):
    encodings = {name: tiktoken.get_encoding(name) for name in (FITTED, NEWER)}
    for folder in sorted(path for path in Path(corpus).iterdir() if path.is_dir()):
        files = sorted(path for path in folder.iterdir() if path.is_file())
        texts = [path.read_text(encoding="utf-8") for path in files]
        counts = {
            name: np.array([len(tokens) for tokens in encoding.encode_ordinary_batch(texts)])
            for name, encoding in encodings.items()
        }
        kept = np.array([zlib.crc32(path.stem.split("-")[0].encode()) % 4 == 0 for path in files])
        yield folder.name, np.array([features(text) for text in texts]), counts, kept


def fit(samples):
    """Least squares of relative errors; no factor is negative."""
    rows, ones = [], []
    for name, matrix, counts, kept in samples:
        fitted = ~kept if kept.sum() > 20 else np.full(len(kept), True)
        weight = np.sqrt(min(1, SAMPLES / fitted.sum()) * EMPHASIS.get(name, 1))
        rows.append(matrix[fitted] / counts[FITTED][fitted, None] * weight)
        ones.append(np.full(fitted.sum(), weight))
    return nnls(np.concatenate(rows), np.concatenate(ones))[0].round(3)


def tell(samples, weights):
    print("| text | samples | mean error | mean, absolute | p95, absolute | mean error, o200k_base |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, matrix, counts, kept in samples:
        kept = kept if kept.sum() > 20 else np.full(len(kept), True)
        estimates = matrix[kept] @ weights
        error, newer = (100 * (estimates / counts[key][kept] - 1) for key in (FITTED, NEWER))
        print(
            f"| {name} | {kept.sum()} | {error.mean():+.0f} % | {abs(error).mean():.0f} % "
            f"| {np.quantile(abs(error), 0.95):.0f} % | {newer.mean():+.0f} % |"
        )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    corpus = list(read(sys.argv[1]))
    factors = fit(corpus)
    for name, value in zip(FACTORS, factors):
        print(f"{name:18} {value:.3f}")
    tell(corpus, factors)
