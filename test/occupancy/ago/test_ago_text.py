"""Category embeddings and noise prompts, with the embedded text encoder."""

import pytest
import torch

from ago_ros.occupancy.ago.text import AgoPhrases, NoisePrompts, draw_words, embed_categories, general_dictionary
from ago_ros.vlm.categories import category_scores, flatten_categories
from ago_ros.vlm.loading import load_text_encoder
from ago_ros.vlm.vocabulary import embed_phrases, make_vocabulary

CATEGORIES = {"car": ("car", "taxi", "sports car"), "tree": ("tree",), "road": ("road", "asphalt street")}


@pytest.fixture(scope="module")
def encoder():
    return load_text_encoder()


def test_a_categorys_score_is_the_mean_of_its_phrases(encoder):
    phrases, category = flatten_categories(CATEGORIES)
    features = torch.randn(5, encoder.dim, generator=torch.Generator().manual_seed(0))
    expected = category_scores(features @ embed_phrases(phrases, encoder).T, category, "mean")
    torch.testing.assert_close(features @ embed_categories(CATEGORIES, encoder).T, expected, atol=1e-5, rtol=1e-5)
    assert (features @ embed_phrases(phrases, encoder)[0] - expected[:, 0]).abs().max() > 0.01


def test_dictionary_is_words():
    words = general_dictionary()
    assert len(words) > 20_000 and len(set(words)) == len(words)
    assert all(word.isalpha() for word in words)
    assert {"lorry", "music", "violin"} <= set(words) or {"truck", "music", "violin"} <= set(words)


def test_noise_is_the_same_for_a_seed_and_another_for_another():
    assert draw_words(50, seed=1) == draw_words(50, seed=1)
    assert len(set(draw_words(50, seed=1))) == 50
    assert len(set(draw_words(50, seed=1)) & set(draw_words(50, seed=2))) < 10


def test_noise_is_none_of_the_categories():
    everything = set(draw_words(len(general_dictionary()), seed=0))
    assert {"car", "road", "asphalt"} <= everything
    phrases, _ = flatten_categories(CATEGORIES)
    count = len(general_dictionary()) - len({"car", "taxi", "sports", "tree", "road", "asphalt", "street"})
    rest = set(draw_words(count, seed=0, besides=phrases))
    assert not rest & {"car", "taxi", "sports", "tree", "road", "asphalt", "street"}
    with pytest.raises(ValueError, match="the dictionary has"):
        draw_words(count + 1, seed=0, besides=phrases)


def test_each_step_draws_from_the_pool(encoder):
    pool = NoisePrompts(encoder, pool=12, seed=4)
    torch.testing.assert_close(pool.embeddings, embed_phrases(pool.words, encoder))
    first = pool.draw(5, torch.Generator().manual_seed(9))
    assert torch.equal(first, pool.draw(5, torch.Generator().manual_seed(9)))
    assert not torch.equal(first, pool.draw(5, torch.Generator().manual_seed(10)))
    assert len(first.unique(dim=0)) == 5
    assert pool.words == NoisePrompts(encoder, pool=12, seed=4).words
    with pytest.raises(ValueError, match="the pool has 12"):
        pool.draw(13, torch.Generator())


def test_vocabulary_scores_are_the_softmax_of_dot_products(encoder):
    vocabulary = make_vocabulary(["car", "tree"], AgoPhrases(encoder, "here"))
    features = 7 * torch.randn(3, encoder.dim, generator=torch.Generator().manual_seed(1))
    expected = (features @ embed_phrases(["car", "tree"], encoder).T).softmax(dim=1)
    torch.testing.assert_close(vocabulary.scores(features), expected)
    assert vocabulary.model == "here"
