import random

import numpy as np
import pytest
import srsly
from spacy_pkuseg import pkuseg
from spacy_pkuseg.feature_extractor import FeatureExtractor

from pipeline.artefacts import open_model
from pipeline.components import pkuseg_decoder
from pipeline.components.pkuseg_decoder import Decoder
from pipeline.errors import ModelError

SENTENCES = [
    "本报太原十一月三日电（记者刘建国、实习生王敏）全省重点工程建设推进会昨日在省城召开。",
    "今年前三季度，全市粮食总产量达３２．６万吨，同比增长７．８％，农民人均可支配收入突破两万元。",
    "中国人民银行副行长在会上指出：要进一步深化金融体制改革，切实防范化解重大风险！",
    "“我们村的路修好了，苹果再也不愁卖啦！”六十八岁的村民老赵笑着对记者说。",
    "ＡＰＥＣ会议期间，Ｃ９１９客机首次飞抵北京首都国际机场；ｊ、Ｊ两种型号的零件也已交付。",
    "１９９８年２月，全国人大常委会办公厅、国务院新闻办公室联合举行记者招待会",
    "走——走走走、看看看……一二三四五六七八九十，百千万亿兆零〇○",
    "北京－上海／广州·深圳，Ｋ＊Ｌ｜Ｍ＿Ｎ：完",
    "a-b_c*d|e/f,g:h.i&j 的混排".replace(" ", ""),
    "𠮷野家在𪚥镇开了😀分店\ufffe\uffff\U0010ffff\ud800\x00é",
    "的",
    "召开",
    "第一",
    "。",
    "",
]


@pytest.fixture(scope="module")
def folder():
    return open_model("pkuseg-1.0.0")


@pytest.fixture(scope="module")
def decoder(folder):
    return Decoder(folder)


@pytest.fixture(scope="module")
def library(folder):
    return pkuseg(str(folder), user_dict=None)


def library_lengths(library, pieces):
    return [[len(word) for word in library.cut(piece)] for piece in pieces]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_words_of_one_piece_are_those_of_the_library(decoder, library, sentence):
    assert list(decoder.word_lengths([sentence])) == library_lengths(library, [sentence])


def test_words_of_pieces_side_by_side_are_those_of_each_alone(decoder, library):
    # All cuts of the sentences into pieces of up to seven characters: words, bigrams and tags meet a border everywhere.
    pieces = [text[at : at + size] for text in SENTENCES for size in range(1, 8) for at in range(0, len(text), size)]
    assert list(decoder.word_lengths(pieces)) == library_lengths(library, pieces)


def test_words_of_random_mixtures_are_those_of_the_library(decoder, library):
    rng = random.Random(5)
    chars = "".join(SENTENCES)
    pieces = ["".join(rng.choices(chars, k=rng.choice([2, 9, 40, 300]))) for _ in range(80)]
    assert list(decoder.word_lengths(pieces)) == library_lengths(library, pieces)


@pytest.mark.parametrize("size", [1, 50])
def test_words_do_not_depend_on_the_size_of_a_block(decoder, monkeypatch, size):
    whole = list(decoder.word_lengths(SENTENCES))
    monkeypatch.setattr(pkuseg_decoder, "BLOCK_CHARS", size)
    assert list(decoder.word_lengths(SENTENCES)) == whole


def test_no_pieces_have_no_words(decoder):
    assert list(decoder.word_lengths([])) == []


def test_classes_of_characters_are_those_of_the_library():
    ours = set(pkuseg_decoder.KEYWORDS), set(pkuseg_decoder.LETTERS), set(pkuseg_decoder.NUMERALS)
    assert ours == (set(FeatureExtractor.keywords), FeatureExtractor.letter, FeatureExtractor.num)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 13])
def test_suffix_best_is_the_step_by_step_product(count):
    steps = np.random.default_rng(count).integers(-9, 9, (5, 5, count)).astype(float)
    after, want = np.zeros(5), np.zeros((5, count))
    for place in reversed(range(count)):
        after = want[:, place] = (steps[:, :, place] + after).max(axis=1)
    assert np.array_equal(pkuseg_decoder._suffix_best(steps), want)


def write_model(folder, features, *, tags=2):
    names = {name: number for number, name in enumerate(features)}
    data = {"unigram": ["全省"], "bigram": [], "feature_to_idx": names, "tag_to_idx": {"B": 0, "I": 1}}
    srsly.write_msgpack(folder / "features.msgpack", data)
    weights = np.arange(tags * (len(names) + tags)) % 7 / 32
    np.savez(folder / "weights.npz", sizes=np.array([tags, len(names)]), w=weights)
    return folder


def test_model_of_two_tags_is_decoded_as_the_library_does(tmp_path):
    features = ["$$", "c.全", "c1.省", "cc1.全.省", "c-2.会", "w1.全省", "w-1.全省", "ww.l.全省*全省", "ww.r.全省*全省"]
    folder = write_model(tmp_path, features)
    pieces = ["全省全省会全", "省会会全省", "全"]
    assert list(Decoder(folder).word_lengths(pieces)) == library_lengths(pkuseg(str(folder), user_dict=None), pieces)


@pytest.mark.parametrize(
    ("features", "tags", "message"),
    [
        (["$$", "c9.全"], 2, "1 features of unknown forms"),
        (["$$", "cc1.全省.会"], 2, "1 features of unknown forms"),
        (["$$", "c.\n"], 2, "line break"),
        (["$$"], 3, "not of one model"),
    ],
)
def test_model_of_another_form_is_refused(tmp_path, features, tags, message):
    with pytest.raises(ModelError, match=message):
        Decoder(write_model(tmp_path, features, tags=tags))
