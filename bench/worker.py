"""Run one system over texts in a process of its own; started by ``python -m pipeline.bench``.

    python bench/worker.py SPEC TEXTS.json STARTED [TASK ANSWERS.json]

``TEXTS.json`` holds ``{"warm": text, "texts": [text, ...]}``; STARTED is the ``time.monotonic()`` of the moment
the process was asked for. Prints one JSON object: seconds to be ready, seconds of processor time and of the clock for one pass
after a warm-up, characters, memory in KiB, seconds by stage. With TASK (words, tags, entities, keywords) the
answers are written as well. The peers need only themselves here, so that they can live in environments of their own,
and so this file runs on Python 3.7.
"""

import contextlib
import json
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Tags of all systems that name an entity.
LABELS = {"nr": "PER", "nrt": "PER", "nrfg": "PER", "np": "PER", "nh": "PER", "PER": "PER"}
LABELS.update({"ns": "LOC", "LOC": "LOC", "nt": "ORG", "ni": "ORG", "ORG": "ORG"})
# What each task needs of our stages; a stage that cuts words anew names token.orth.
NEEDS = {
    "words": ("token.orth",),
    "tags": ("token.orth", "token.tag"),
    "entities": ("token.orth", "doc._.entities"),
    "keywords": ("token.orth", "doc._.keywords"),
}
# What a stage takes where it is there, without requiring it.
TAKEN = {"entities": ("token.tag", "doc.ents")}


def stages_for(stages, wanted):
    """Choose the stages of a configuration that assign what is wanted, and those that they require."""
    from pipeline.components import TABLE

    wanted, chosen = set(wanted), []
    for name in reversed(stages):
        if wanted & set(TABLE[name].assigns):
            chosen.insert(0, name)
            wanted.update(TABLE[name].requires, TAKEN.get(name, ()))
    return chosen


def settings_of(config, *overrides):
    """Read a configuration of ours."""
    sys.path.insert(0, str(ROOT))
    from pipeline.lean import import_spacy

    import_spacy()
    from pipeline import config as configuration

    return configuration.load(ROOT / "configs" / f"{config}.cfg", list(overrides))


def load_banmian(config, *overrides):
    """Load a chain; a text is a page, its records are thrown away."""
    settings = settings_of(config, *overrides)
    from pipeline.chain import Chain
    from pipeline.reader import Input, make_page

    chain = Chain.load(settings)
    stages = {}

    def run(text):
        result = chain.process(make_page(Input("page.md", "page.md"), text.encode(), options=settings.reader))
        for stage, seconds in result.seconds.items():
            stages[stage] = stages.get(stage, 0.0) + seconds

    return run, stages


def load_stage(config, stage):
    """Load a chain with one stage and what it requires; its own seconds are those that count."""
    settings = settings_of(config)
    from pipeline.components import TABLE

    overrides = ["nlp.pipeline=[]"]
    if stage in TABLE:
        before = settings.stages[: settings.stages.index(stage)]
        overrides = ["nlp.pipeline=" + json.dumps([*stages_for(before, (*TABLE[stage].requires, *TAKEN.get(stage, ()))), stage])]
    if stage in ("clean", "split"):
        overrides.append("nlp.tokenizer.method=char")
    else:
        overrides.append("assets.charlm=")
    return load_banmian(config, *overrides)


def load_task(config, task):
    """Load the stages of a configuration that a task needs, over plain text."""
    settings = settings_of(config)
    chosen = stages_for(settings.stages, NEEDS[task])
    from pipeline.chain import make_nlp

    nlp = make_nlp(settings_of(config, "nlp.pipeline=" + json.dumps(chosen)))
    answers = {
        "words": lambda doc: [token.text for token in doc],
        "tags": lambda doc: [(token.text, token.tag_) for token in doc],
        "entities": lambda doc: [(item.start, item.end, item.label) for item in doc._.entities],
        "keywords": lambda doc: [item.text for item in doc._.keywords],
    }
    return (lambda text: answers[task](nlp(text))), {}


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
        return (lambda text: [(pair.word, pair.flag) for pair in posseg.lcut(text)]), {}
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
    return (system.cut if tags else lambda text: [pair[0] for pair in system.cut(text)]), {}


def load_snownlp(what):
    """Load SnowNLP: words, or words with tags."""
    from snownlp import SnowNLP

    SnowNLP("版面").words
    return (lambda text: SnowNLP(text).words) if what == "words" else (lambda text: list(SnowNLP(text).tags)), {}


def load_lac(mode):
    """Load LAC with the models it ships: words, or words with tags and names."""
    from LAC import LAC

    system = LAC(mode=mode)
    return (system.run if mode == "seg" else lambda text: list(zip(*system.run(text)))), {}


LOADERS = {
    "banmian": load_banmian,
    "stage": load_stage,
    "task": load_task,
    "jieba": load_jieba,
    "pkuseg": load_pkuseg,
    "thulac": load_thulac,
    "snownlp": load_snownlp,
    "lac": load_lac,
}


def entities_of(text, pairs, merged):
    """Read entities off words with tags: one word is one entity, with its place in the text."""
    found, at = [], 0
    for word, tag in pairs:
        start = text.find(word, at)
        if start < 0:
            continue
        at = start + len(word)
        label = LABELS.get(tag)
        if label is None:
            continue
        if merged and found and found[-1][1] == start and found[-1][2] == label:
            found[-1] = (found[-1][0], at, label)
        else:
            found.append((start, at, label))
    return found


def answer(spec, task, text, result):
    """Bring what a system gave for a text to the form of a task."""
    pairs = result and not isinstance(result[0], str) and len(result[0]) == 2
    if task == "words" and pairs:
        return [word for word, _ in result]
    if task == "entities" and spec[0] != "task":
        # SnowNLP cuts surname and given name as its training text does.
        return entities_of(text, result, merged=spec[0] == "snownlp")
    return list(result)


def memory():
    """Give the largest memory so far in KiB."""
    # Not ru_maxrss: that begins with what the process held that this one was forked from.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    """Run the system named on the command line."""
    spec, path, started = json.loads(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    given = json.loads(Path(path).read_text("utf-8"))
    texts = given["texts"]
    run, stages = LOADERS[spec[0]](*spec[1:])
    ready, loaded = time.monotonic() - started, memory()
    run(given["warm"])
    warm = memory()
    stages.clear()
    results = []
    begin, clock = time.process_time(), time.perf_counter()
    for text in texts:
        result = run(text)
        if len(sys.argv) > 4:
            results.append(result)
    seconds, wall = time.process_time() - begin, time.perf_counter() - clock
    if len(sys.argv) > 4:
        task, out = sys.argv[4:6]
        answers = [answer(spec, task, text, result) for text, result in zip(texts, results)]
        Path(out).write_text(json.dumps(answers), "utf-8")
    if spec[0] == "stage":
        seconds = stages[spec[2]]
    row = {"ready": ready, "seconds": seconds, "wall": wall, "chars": sum(map(len, texts)), "stages": stages}
    row.update(loaded_kib=loaded, warm_kib=warm, peak_kib=memory(), python=".".join(map(str, sys.version_info[:3])))
    print(json.dumps(row))


if __name__ == "__main__":
    main()
