import random
from pathlib import Path

from pipeline.splitting.grammar import load_grammar
from pipeline.splitting.weights import WEIGHTS
from pipeline.training.pages import compose
from pipeline.training.rawtext import Raw
from pipeline.training.splitter import PRIOR, Tools, measure, prepare, train

GRAMMAR = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")
SUBJECTS = ("新桥", "果园", "诊所", "冷库", "球场", "书屋")
STORIES = [
    Raw(
        "made.txt",
        number,
        f"{subject}建设见成效 居民生活更便利",
        "\n".join(
            f"{subject}负责人介绍，{subject}第{i}期工程已经完工，周边居民对{subject}的管理十分满意，纷纷点赞。"
            for i in range(5)
        ),
    )
    for number, subject in enumerate(SUBJECTS)
]
BRIEFS = [
    Raw("made.txt", 9, f"{subject}今起免费开放", f"{subject}今起免费开放，市民可以预约。") for subject in SUBJECTS
]


def pages(count):
    return [compose(random.Random(seed), random.Random(seed).sample(STORIES, 4), BRIEFS) for seed in range(count)]


def test_compose_is_drawn_from_its_seed():
    assert [page.text for page in pages(5)] == [page.text for page in pages(5)]


def test_compose_labels_every_line_that_has_text():
    for page in pages(20):
        lines = page.text.split("\n")
        written = {i for i, line in enumerate(lines, 1) if line and not line.startswith("![")}
        assert written == set(page.labels)


def test_prepare_gives_one_gold_reading_a_unit():
    samples = [sample for page in pages(20) if (sample := prepare(page, Tools(GRAMMAR)))]
    assert samples
    assert all(len(sample.gold) == len(sample.units) == len(sample.clues) for sample in samples)


def test_train_keeps_every_weight_and_its_sign():
    samples = [sample for page in pages(12) if (sample := prepare(page, Tools(GRAMMAR)))]
    tuned = train([(samples, 1.0)], GRAMMAR, pull=1.0, steps=3)
    assert set(tuned) == set(WEIGHTS)
    assert all(name.endswith(".bias") or value * PRIOR[name] >= 0 for name, value in tuned.items())
    assert set(PRIOR) == set(WEIGHTS)
    assert all(0.0 <= rate <= 1.0 for rate in measure(samples, GRAMMAR, tuned).values())
