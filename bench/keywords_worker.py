"""Give the keywords of one peer for some texts, in an environment of its own; started by ``python -m pipeline.peers``.

    python bench/keywords_worker.py PEER TEXTS.json

``TEXTS.json`` holds ``[[text, "its words with blanks between them"], …]``. Prints one JSON list of ten keywords at most a text.
"""

import contextlib
import json
import sys
from pathlib import Path

TOP = 10


def load_yake():
    """Load YAKE with its defaults for Chinese; it needs words with blanks between them."""
    import yake

    extractor = yake.KeywordExtractor(lan="zh", n=3, top=TOP)
    return lambda _, words: [phrase.replace(" ", "") for phrase, _ in extractor.extract_keywords(words)]


def load_jionlp():
    """Load JioNLP's key phrases with their defaults."""
    with contextlib.redirect_stdout(sys.stderr):
        import jionlp

    return lambda text, _: jionlp.keyphrase.extract_keyphrase(text, top_k=TOP)


LOADERS = {"yake": load_yake, "jionlp": load_jionlp}


def main():
    """Find the keywords of all texts by the peer named on the command line."""
    find = LOADERS[sys.argv[1]]()
    pairs = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    with contextlib.redirect_stdout(sys.stderr):
        found = [list(find(text, words))[:TOP] for text, words in pairs]
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
