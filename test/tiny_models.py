"""Small random models, saved to disk as transformers saves the large ones."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
    Siglip2Config,
    SiglipConfig,
)
from transformers import Siglip2Model as HfSiglip2
from transformers import SiglipModel as HfSiglip

WORDS = ["a", "photo", "of", "there", "is", "in", "the", "scene", ".", "car", "truck", "tree", "mug", "box"]
SIZE, PATCH = 32, 8
TEXT = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 32,
    "max_position_embeddings": 12, "bos_token_id": 1, "eos_token_id": 3, "pad_token_id": 0,
}  # fmt: skip
VISION = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": PATCH,
}  # fmt: skip


def save_tokenizer(folder: Path) -> None:
    vocabulary = {word: number for number, word in enumerate(["<pad>", "<s>", "<unk>", "</s>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>"
    ).save_pretrained(folder)


def save_model(kind: str, folder: Path) -> Path:
    torch.manual_seed(7)
    if kind == "clip":
        config = CLIPConfig(
            text_config={**TEXT, "projection_dim": 24},
            vision_config={**VISION, "image_size": SIZE, "projection_dim": 24},
            projection_dim=24,
        )
        model = CLIPModel(config)
    elif kind == "siglip":
        config = SiglipConfig(text_config=TEXT, vision_config={**VISION, "image_size": SIZE})
        model = HfSiglip(config)
    else:
        config = Siglip2Config(text_config=TEXT, vision_config={**VISION, "num_patches": 16})
        model = HfSiglip2(config)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return folder
