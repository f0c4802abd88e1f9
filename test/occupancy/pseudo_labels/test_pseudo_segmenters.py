"""Masks from vision-language models, SAM 3, and Grounding DINO with SAM 2: small random ones, held against oracles."""

import types
from pathlib import Path

import pytest
import torch
from tiny_models import save_model
from tiny_segmenters import save_grounding_dino, save_sam2, save_sam3
from torch.nn.functional import interpolate
from transformers.models.grounding_dino.processing_grounding_dino import GroundingDinoProcessor

from ago_ros.evaluation.vlm_dense import SKY
from ago_ros.evaluation.vlm_dense import segment as segment_dense
from ago_ros.occupancy.pseudo_labels import grounded_sam2, sam3
from ago_ros.occupancy.pseudo_labels.dense_masks import DenseSegmenter
from ago_ros.occupancy.pseudo_labels.masks import NOTHING, paint
from ago_ros.occupancy.pseudo_labels.segmenters import load_segmenter
from ago_ros.scene.threads import single_thread
from ago_ros.vlm.categories import flatten_categories
from ago_ros.vlm.images import normalise
from ago_ros.vlm.loading import ModelError, load_vlm
from ago_ros.vlm.vocabulary import make_vocabulary

CATEGORIES = {"vehicle": ("car", "truck"), "plant": ("tree",), "box": ("box",)}


@pytest.fixture(autouse=True)
def _one_thread():
    with single_thread():
        yield


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    makers = {"sam3": save_sam3, "sam2": save_sam2, "dino": save_grounding_dino}
    made = {name: folder / name for name in (*makers, "clip", "siglip")}
    for name, path in made.items():
        path.mkdir()
        if name in makers:
            makers[name](path)
        else:
            save_model(name, path)
    return made


def picture(height: int = 40, width: int = 70) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randint(0, 256, (1, 3, 5, 7), generator=generator).float()
    return interpolate(coarse, (height, width), mode="bilinear")[0].permute(1, 2, 0).to(torch.uint8)


def test_the_best_instance_takes_the_pixel() -> None:
    left, all_of_it = torch.tensor([[True, False]]), torch.tensor([[True, True]])
    masks = paint(1, 2, [(3, 0.5, all_of_it), (1, 0.7, left), (2, 0.7, left), (4, 0.2, all_of_it)])
    assert masks.category.tolist() == [[1, 3]]
    torch.testing.assert_close(masks.score, torch.tensor([[0.7, 0.5]]))
    assert (paint(2, 2, []).category == NOTHING).all()


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_dense_masks_are_those_of_the_evaluation(models, kind) -> None:
    model, image = load_vlm(models[kind]), picture()
    masks = DenseSegmenter(model, CATEGORIES).segment(image)
    phrases, category = flatten_categories({**CATEGORIES, **SKY})
    expected = segment_dense(model, image, make_vocabulary(phrases, model), category, "amax")
    expected[expected == len(CATEGORIES)] = NOTHING
    agree = masks.category == expected
    assert agree.double().mean() > 0.999, "but for ties between rounding errors"
    assert len(expected.unique()) >= 2
    found = masks.category != NOTHING
    assert (masks.score[found] > 0).all() and (masks.score <= 1).all() and (masks.score[~found] == 0).all()
    threshold = float(masks.score[found].median())
    fewer = DenseSegmenter(model, CATEGORIES, min_score=threshold).segment(image)
    assert ((fewer.category != NOTHING) == (found & (masks.score >= threshold))).all()


def test_a_softmax_score_is_the_share_among_the_categories(models) -> None:
    model, image = load_vlm(models["clip"]), torch.full((32, 32, 3), 90, dtype=torch.uint8)
    phrases, category = flatten_categories({**CATEGORIES, **SKY})
    cosines = model.encode_dense(image[None])[0] @ make_vocabulary(phrases, model).embeddings.T
    best = torch.stack([cosines[..., category == number].amax(dim=-1) for number in range(4)], dim=-1)
    expected = (model.logit_scale * best).softmax(dim=-1)[0, 0]
    masks = DenseSegmenter(model, CATEGORIES).segment(image)
    assert int(expected.argmax()) < 3, "the corner shows a category, or the test says nothing"
    assert masks.category[0, 0] == expected.argmax()
    assert float(masks.score[0, 0]) == pytest.approx(float(expected.max()), abs=1e-4)


def test_sam3_finds_what_the_model_says_phrase_by_phrase(models) -> None:
    """Against whole forward passes, each with its own image encoding and text."""
    from transformers import AutoTokenizer
    from transformers.models.sam3.modeling_sam3 import Sam3Model

    model = Sam3Model.from_pretrained(models["sam3"]).eval()
    tokenizer = AutoTokenizer.from_pretrained(models["sam3"])
    image = picture()
    height, width = image.shape[:2]
    segmenter = sam3.Sam3Segmenter("tiny", model, tokenizer, CATEGORIES, min_score=0.05)
    half = torch.full((3,), 0.5)
    pixels = normalise(image[None], 56, 56, half, half)
    phrases, category = flatten_categories(CATEGORIES)
    best, expected = torch.zeros(height, width), torch.full((height, width), NOTHING, dtype=torch.uint8)
    for phrase, number in zip(phrases, category.tolist(), strict=True):
        tokens = tokenizer(phrase, padding="max_length", max_length=12, return_tensors="pt")
        with torch.inference_mode():
            found = model(pixel_values=pixels, input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        scores = (found.pred_logits.sigmoid() * found.presence_logits.sigmoid())[0]
        full = interpolate(found.pred_masks.sigmoid(), (height, width), mode="bilinear")[0] > 0.5
        for query in range(len(scores)):
            better = full[query] & (best < scores[query]) & (scores[query] > 0.05)
            best[better], expected[better] = scores[query], number
    masks = segmenter.segment(image)
    assert len(expected.unique()) >= 2
    assert (masks.category == expected).double().mean() > 0.999
    torch.testing.assert_close(masks.score, best, atol=1e-4, rtol=1e-3)
    assert (sam3.Sam3Segmenter("tiny", model, tokenizer, CATEGORIES, 1.0).segment(image).category == NOTHING).all()


def grounded(models, **options):
    from transformers import AutoTokenizer, GroundingDinoForObjectDetection, Sam2Model

    detector = GroundingDinoForObjectDetection.from_pretrained(models["dino"]).eval()
    painter = Sam2Model.from_pretrained(models["sam2"]).eval()
    tokenizer = AutoTokenizer.from_pretrained(models["dino"])
    return grounded_sam2.GroundedSam2Segmenter(
        "tiny", detector, tokenizer, painter, CATEGORIES, short_side=64, long_side=96, **options
    )


def test_boxes_and_scores_are_those_of_the_library(models) -> None:
    segmenter, image = grounded(models, min_score=0.1), picture()
    boxes, scores, phrases = segmenter._detect(image[None])
    mean, deviation = segmenter._mean, segmenter._deviation
    pixels = normalise(image[None], round(40 * 96 / 70), 96, mean, deviation)
    expected_boxes, expected_scores = [], []
    decoder = types.SimpleNamespace(batch_decode=lambda ids: ["" for _ in ids])
    for prompt in segmenter._prompts:
        with torch.inference_mode():
            found = segmenter._detector(
                pixel_values=pixels, input_ids=prompt.tokens, attention_mask=torch.ones_like(prompt.tokens),
                token_type_ids=torch.zeros_like(prompt.tokens),
            )  # fmt: skip
        each = GroundingDinoProcessor.post_process_grounded_object_detection(
            decoder, found, input_ids=prompt.tokens, threshold=0.1
        )[0]
        expected_boxes.append(each["boxes"])
        expected_scores.append(each["scores"])
    assert len(scores) >= 2
    torch.testing.assert_close(scores, torch.cat(expected_scores), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(boxes, torch.cat(expected_boxes).clamp(0, 1), atol=1e-5, rtol=1e-4)
    assert phrases.min() >= 0 and phrases.max() < 4


def test_boxes_are_filled_by_sam2_and_painted_by_score(models) -> None:
    segmenter, image = grounded(models, min_score=0.1), picture()
    boxes, scores, phrases = segmenter._detect(image[None])
    masks = segmenter._fill(image[None], boxes)
    pixels = normalise(image[None], 64, 64, segmenter._mean, segmenter._deviation)
    with torch.inference_mode():
        drawn = segmenter._painter(pixel_values=pixels, input_boxes=boxes[None] * 64, multimask_output=False)
    expected = interpolate(drawn.pred_masks[0], (40, 70), mode="bilinear")[:, 0] > 0
    assert (torch.stack(masks) == expected).double().mean() > 0.999
    best = paint(40, 70, zip(segmenter._category[phrases].tolist(), scores.tolist(), masks, strict=True))
    assert (segmenter.segment(image).category == best.category).all()
    assert (grounded(models, min_score=1.0).segment(image).category == NOTHING).all()


def test_phrases_are_packed_whole_into_texts_that_fit(models) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(models["dino"])
    phrases = ["car", "box truck", "fire truck", "tree", "small city bus", "bus"]
    prompts = grounded_sam2._write_prompts(phrases, tokenizer, 9)
    assert len(prompts) > 1 and all(prompt.tokens.shape[1] <= 9 for prompt in prompts)
    assert [number for prompt in prompts for number in prompt.phrases] == list(range(6))
    for prompt in prompts:
        words = tokenizer.convert_ids_to_tokens(prompt.tokens[0].tolist())
        assert words[0] == "[CLS]" and words[-2:] == [".", "[SEP]"]
        for number in prompt.phrases:
            own = [word for word, owner in zip(words, prompt.owner.tolist(), strict=True) if owner == number]
            assert own == phrases[number].split()
    with pytest.raises(ValueError, match="shorten it"):
        grounded_sam2._write_prompts(["small city bus tree car box truck"], tokenizer, 9)


def test_segmenters_are_loaded_by_name(models) -> None:
    for source in (
        f"vlm:{models['clip']}",
        f"sam3:{models['sam3']}",
        f"grounded-sam2:{models['dino']},{models['sam2']}",
    ):
        masks = load_segmenter(source, CATEGORIES).segment(picture())
        assert masks.category.shape == masks.score.shape == (40, 70)
        assert set(masks.category.unique().tolist()) <= {0, 1, 2, NOTHING}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("magic:x", "name one as vlm:MODEL"),
        ("sam3:", "name one as"),
        ("grounded-sam2:one", "name one as"),
        ("sam3:/nowhere/at/all", "/nowhere/at/all"),
        ("sam3:CLIP", "not of the sam3 kind"),
        ("grounded-sam2:CLIP,SAM2", "not of the dino kind"),
    ],
)
def test_what_does_not_load_is_told_in_one_line(models, source, told) -> None:
    source = source.replace("CLIP", str(models["clip"])).replace("SAM2", str(models["sam2"]))
    with pytest.raises(ModelError) as caught:
        load_segmenter(source, CATEGORIES)
    assert told in str(caught.value) and "\n" not in str(caught.value)
