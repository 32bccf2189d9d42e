import numpy as np
import pytest

from pipeline.components.joint_features import SLOTS, Features
from pipeline.training.joint.data import ABSENT

torch = pytest.importorskip("torch", reason="training alone needs torch: pip install -e '.[joint]'")
from pipeline.training.joint import pretrain, tune  # noqa: E402
from pipeline.training.joint.net import Encoder, Shape  # noqa: E402


def test_hidden_words_go_from_all_their_places():
    words = np.array([[1, 2, 0], [2, 3, 1]])
    kept = tune.hide(words, 0.5, np.random.default_rng(1))
    assert kept.any()
    assert (kept != words).any()
    for word in (1, 2, 3):
        assert len(set(kept[words == word].tolist())) == 1


def test_masked_places_are_listed_by_sequence():
    features = Features("省市长到太原大同下雨雪。", ["省长", "市长"])
    ids = np.tile(features.chars("省长到太原。"), (4, 20))
    batch = pretrain.mask(ids, features, np.random.default_rng(0))
    known = (batch.wanted != ABSENT).numpy()
    rows = np.arange(len(ids))[:, None]
    assert known.any(1).all()
    assert (ids[rows, batch.where.numpy()] == batch.wanted.numpy())[known].all()
    shown = batch.chars.numpy()
    hidden = (shown != ids).sum()
    assert 0.8 * known.sum() < hidden <= known.sum()
    assert (shown == pretrain.MASK).sum() > 0.7 * known.sum()


def test_places_worked_out_alone_are_those_of_the_whole():
    torch.manual_seed(0)
    encoder = Encoder(Shape(characters=20, words=4, width=16, word_width=4, inner=24, layers=2, heads=2))
    chars, words = torch.randint(4, 20, (3, 9)), torch.randint(0, 5, (3, 9, SLOTS))
    at = torch.tensor([[0, 8], [3, 4], [7, 0]])
    whole = encoder(chars, words, padded=False)[torch.arange(3)[:, None], at]
    assert torch.allclose(encoder(chars, words, padded=False, at=at), whole, atol=1e-5)


def make_weights():
    torch.manual_seed(0)
    features = Features("省市长到太原大同下雨雪。", ["省长", "市长"])
    model = pretrain.MaskedModel(Encoder(Shape(features.size, 2, width=16, word_width=4, inner=24, layers=1, heads=2)))
    return features, model, pretrain.MasterWeights(model.named_parameters(), muon_rate=1.0)


def test_pretraining_learns_and_goes_on_from_a_checkpoint(tmp_path):
    features, model, weights = make_weights()
    ids = np.tile(features.chars("省长到太原。"), (8, 4))

    def go(model, weights, steps):
        losses = []
        for step in steps:
            loss = model(pretrain.mask(ids, features, np.random.default_rng(step)))
            loss.backward()
            weights.step(0.01)
            losses.append(loss.item())
        return losses

    first = go(model, weights, range(30))
    assert np.mean(first[-5:]) < 0.6 * first[0]
    pretrain.save(weights, tmp_path / "w.npz", 30)
    _, other, restored = make_weights()
    assert pretrain.restore(restored, tmp_path / "w.npz") == 30
    assert go(other, restored, range(30, 34)) == pytest.approx(go(model, weights, range(30, 34)), rel=1e-3)
