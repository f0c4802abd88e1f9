"""Relevancy maps the plain way: every crop and every phrase by itself, through the library's model with autograd.

It shares with the suite only the change of colours, which has tests of its own.
"""

import contextlib
import itertools

import torch
from torch.nn import functional

from ago_ros.vlm.relevancy_maps.jitter import jittered


@contextlib.contextmanager
def caught_attention():
    """Collects every tensor that softmax returns, in order; models need eager attention."""
    caught, softmax = [], functional.softmax

    def catching(*args, **kwargs):
        caught.append(softmax(*args, **kwargs))
        return caught[-1]

    functional.softmax = catching
    try:
        yield caught
    finally:
        functional.softmax = softmax


def crop_map(model, inputs, phrase, whole_backward=False):
    """Chefer's rule on one crop and one phrase.

    Args:
        model: a transformers CLIP or SigLIP model with eager attention.
        inputs: what its image tower takes, for one crop.
        phrase: (D,) unit vector.
        whole_backward: gradients of all parameters, as loss.backward() gives; otherwise only back to the attention.

    Returns:
        (cells, cells) relevancy.
    """
    with caught_attention() as caught:
        embedding = model.get_image_features(**inputs).pooler_output[0]
    attention = caught[-1]
    logit = embedding @ phrase / embedding.norm()
    if whole_backward:
        attention.retain_grad()
        model.zero_grad()
        logit.backward()
        gradient = attention.grad
    else:
        (gradient,) = torch.autograd.grad(logit, attention)
    weighed = (gradient * attention).clamp(min=0).detach().flatten(0, -3).mean(dim=0)
    if len(weighed) > 1:
        weighed = (torch.eye(len(weighed)) + weighed)[0, 1:]
    side = round(weighed.numel() ** 0.5)
    return weighed.reshape(side, side)


def starts(length, side, step):
    """The fewest evenly spread windows from edge to edge whose steps are at most `step`."""
    count = 1
    while True:
        places = torch.linspace(0, length - side, count).round().long().tolist()
        if count > 1 and (length - side) / (count - 1) <= step + 1e-6:
            return places
        if length == side:
            return [0]
        count += 1


def naive_maps(read, image, phrases, side, config):
    """The whole method in loops.

    Args:
        read: takes a (side, side, 3) uint8 crop and a (D,) phrase to a small map.
        image: (H, W, 3) uint8.
        phrases: (N, D).
        side: of the crops.
        config: settings.

    Returns:
        (N, H', W').
    """
    height, width = image.shape[:2]
    zoom = config.map_side / min(height, width)
    rows, columns = round(zoom * height), round(zoom * width)
    result = torch.zeros(len(phrases), rows, columns)
    versions = [
        v
        for version in jittered(image, config)
        for v in ([(version, False), (version, True)] if config.flip else [(version, False)])
    ]
    for version, mirrored in versions:
        for scale in config.scales:
            crop_side = min(height, width) * scale
            size = [round(length * side / crop_side) for length in (height, width)]
            planes = version.permute(2, 0, 1)[None].float()
            resized = functional.interpolate(planes, size=size, mode="bilinear", antialias=True)[0].permute(1, 2, 0)
            resized = resized.round().clamp(0, 255).to(torch.uint8)
            y = (torch.arange(rows) + 0.5) * size[0] / rows
            x = (torch.arange(columns) + 0.5) * size[1] / columns
            summed, count = torch.zeros(len(phrases), rows, columns), torch.zeros(rows, columns)
            places = itertools.product(*(starts(length, side, config.stride * side) for length in size))
            for top, left in places:
                crop = resized[top : top + side, left : left + side]
                inside_y, inside_x = (y >= top) & (y < top + side), (x >= left) & (x < left + side)
                grid_y, grid_x = 2 * (y[inside_y] - top) / side - 1, 2 * (x[inside_x] - left) / side - 1
                grid = torch.stack(torch.meshgrid(grid_x, grid_y, indexing="xy"), dim=-1)[None]
                where = inside_y[:, None] & inside_x
                count += where
                for number, phrase in enumerate(phrases):
                    small = read(crop.flip(1), phrase).flip(-1) if mirrored else read(crop, phrase)
                    large = functional.grid_sample(small[None, None], grid, padding_mode="border", align_corners=False)
                    summed[number][where] += large.flatten()
            result += summed / count / len(versions) / len(config.scales)
    return result - result.mean(dim=0) if config.subtract_mean and len(phrases) > 1 else result
