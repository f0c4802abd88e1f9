"""Small random SAM 3, SAM 2 and Grounding DINO models, saved to disk as transformers saves the large ones."""

from pathlib import Path

import torch
from tiny_models import TEXT, save_tokenizer
from transformers import BertTokenizer, GroundingDinoConfig, GroundingDinoForObjectDetection, Sam2Config, Sam2Model
from transformers.models.sam3.configuration_sam3 import Sam3Config
from transformers.models.sam3.modeling_sam3 import Sam3Model

SMALL = {"num_attention_heads": 2, "intermediate_size": 32, "hidden_size": 16}


def save_sam3(folder: Path) -> Path:
    torch.manual_seed(1)
    config = Sam3Config(
        vision_config={
            "backbone_config": {
                **SMALL, "model_type": "sam3_vit_model", "num_hidden_layers": 2, "image_size": 56, "patch_size": 14,
                "window_size": 2, "global_attn_indexes": [1], "pretrain_image_size": 28,
            },
            "fpn_hidden_size": 16, "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        text_config={**TEXT, "model_type": "clip_text_model", "projection_dim": 8},
        geometry_encoder_config={**SMALL, "num_layers": 1},
        detr_encoder_config={**SMALL, "num_layers": 1},
        detr_decoder_config={**SMALL, "num_layers": 1, "num_queries": 5},
        mask_decoder_config={"hidden_size": 16, "num_attention_heads": 2},
    )  # fmt: skip
    _save(Sam3Model(config), folder)
    save_tokenizer(folder)
    return folder


def save_sam2(folder: Path) -> Path:
    torch.manual_seed(2)
    config = Sam2Config(
        vision_config={
            "model_type": "sam2_vision_model",
            "backbone_config": {
                "model_type": "sam2_hiera_det_model", "hidden_size": 8, "num_attention_heads": 1,
                "image_size": [64, 64],
                "blocks_per_stage": [1, 1, 2, 1], "embed_dim_per_stage": [8, 16, 32, 64],
                "num_attention_heads_per_stage": [1, 1, 2, 2], "window_size_per_stage": [4, 4, 4, 4],
                "global_attention_blocks": [3], "window_positional_embedding_background_size": [2, 2],
            },
            "backbone_channel_list": [64, 32, 16, 8], "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
            "fpn_hidden_size": 16,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 16, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16,
            "attention_downsample_rate": 2,
        },
    )  # fmt: skip
    _save(Sam2Model(config), folder)
    return folder


def save_grounding_dino(folder: Path) -> Path:
    """With the special tokens where BERT has them: the model cuts its text at 101, 102 and 1012."""
    torch.manual_seed(3)
    config = GroundingDinoConfig(
        backbone_config={
            "model_type": "swin", "image_size": 64, "patch_size": 4, "embed_dim": 8, "depths": [1, 1, 1, 1],
            "num_heads": [1, 1, 2, 2], "window_size": 4, "out_indices": [2, 3, 4],
        },
        text_config={
            **SMALL, "model_type": "bert", "vocab_size": 1100, "num_hidden_layers": 1, "max_position_embeddings": 64,
        },
        num_queries=7, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
        encoder_attention_heads=2, decoder_attention_heads=2, d_model=32, max_text_len=12,
    )  # fmt: skip
    _save(GroundingDinoForObjectDetection(config), folder)
    words = {101: "[CLS]", 102: "[SEP]", 1012: ".", 0: "[PAD]", 100: "[UNK]", 103: "[MASK]"}
    words |= {200 + i: word for i, word in enumerate(("car", "truck", "box", "fire", "tree", "small", "city", "bus"))}
    lines = [words.get(number, f"[unused{number}]") for number in range(1100)]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(lines) + "\n")
    BertTokenizer(vocab={word: number for number, word in enumerate(lines)}).save_pretrained(folder)
    return folder


def _save(model: torch.nn.Module, folder: Path) -> None:
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
