"""Measure one system on one text in a process of its own; started by ``python -m pipeline.bench``.

    python bench/worker.py SYSTEM TEXT.json STARTED

``TEXT.json`` holds a list of texts; STARTED is the ``time.monotonic()`` of the moment the process was asked for. Prints one JSON
object: seconds to be ready, seconds for one pass after a warm-up, characters, peak memory in KiB, seconds by stage. The peers
need only themselves here, so that they can live in environments of their own.
"""

import contextlib
import json
import os
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def load_banmian(config):
    """Load a chain; a text is a page, its records are thrown away."""
    sys.path.insert(0, str(ROOT))
    from pipeline import config as configuration
    from pipeline.chain import Chain
    from pipeline.reader import Input, make_page

    settings = configuration.load(ROOT / "configs" / f"{config}.cfg")
    chain = Chain.load(settings)
    stages = {}

    def run(text):
        result = chain.process(make_page(Input("page.md", "page.md"), text.encode(), options=settings.reader))
        for stage, seconds in result.seconds.items():
            stages[stage] = stages.get(stage, 0.0) + seconds

    return run, stages


def load_segmenter():
    """Load the segmentation of the default configuration alone."""
    sys.path.insert(0, str(ROOT))
    from pipeline import config as configuration
    from pipeline.chain import make_nlp

    return make_nlp(configuration.load(ROOT / "configs" / "news.cfg", ["nlp.pipeline=[]"])).make_doc, {}


def load_jieba(what):
    """Load jieba: words, words with tags, or TF-IDF keywords."""
    import jieba

    jieba.setLogLevel(60)
    jieba.initialize()
    if what == "cut":
        return jieba.lcut, {}
    if what == "posseg":
        from jieba import posseg

        posseg.lcut("版面")
        return posseg.lcut, {}
    from jieba import analyse

    analyse.extract_tags("版面")
    return lambda text: analyse.extract_tags(text, topK=10), {}


def load_pkuseg(model):
    """Load spacy-pkuseg with a model folder of ours, without our code around it."""
    import spacy_pkuseg

    return spacy_pkuseg.pkuseg(str(ROOT / "models" / model)).cut, {}


def load_thulac(tags):
    """Load THULAC with the model it ships."""
    if not hasattr(time, "clock"):
        time.clock = time.perf_counter  # THULAC 0.2.2 calls what Python 3.8 took out
    import thulac

    with contextlib.redirect_stdout(sys.stderr):
        system = thulac.thulac(seg_only=not tags)
    return system.cut, {}


def load_snownlp(what):
    """Load SnowNLP: words, or words with tags."""
    from snownlp import SnowNLP

    SnowNLP("版面").words
    return (lambda text: SnowNLP(text).words) if what == "words" else (lambda text: list(SnowNLP(text).tags)), {}


LOADERS = {
    "banmian": load_banmian,
    "segmenter": load_segmenter,
    "jieba": load_jieba,
    "pkuseg": load_pkuseg,
    "thulac": load_thulac,
    "snownlp": load_snownlp,
}


def main():
    """Measure the system named on the command line."""
    spec, path, started = json.loads(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    texts = json.loads(Path(path).read_text("utf-8"))
    run, stages = LOADERS[spec[0]](*spec[1:])
    ready = time.monotonic() - started
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(texts[0])
    stages.clear()
    begin = time.perf_counter()
    for text in texts:
        run(text)
    seconds = time.perf_counter() - begin
    print(
        json.dumps(
            {
                "ready": ready,
                "seconds": seconds,
                "chars": sum(map(len, texts)),
                "loaded_kib": loaded,
                "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
                "stages": stages,
                "python": ".".join(map(str, sys.version_info[:3])),
                "pid": os.getpid(),
            }
        )
    )


if __name__ == "__main__":
    main()
