"""The attention that pools an image's tokens into its embedding, and its exact gradient for many phrases at once.

A vision tower ends in one attention whose single query becomes the image's embedding: the class token's row of the
last block (CLIP), or a learned query (SigLIP). What follows works on that one token:

    o = concat_h A_h V_h        z = residual + W_o o + b_o        u = z + MLP(LN(z))        e = W_p LN(u)

and the logit of a phrase is the cosine of e and its embedding. All of it up to o is the same for every phrase, and
what is behind has a short chain rule, so one forward pass gives the maps of any number of phrases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Activation = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Affine:
    """Weight (out, in) and bias (out,) of a linear map."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, layer: nn.Linear) -> Affine:
        """Takes those of a layer with a bias."""
        return cls(layer.weight.detach(), layer.bias.detach())

    def __call__(self, x: Tensor) -> Tensor:
        """Returns W x + b."""
        return nn.functional.linear(x, self.weight, self.bias)


@dataclass(frozen=True, eq=False)
class Norm:
    """A layer norm, and the state that its gradient needs."""

    scale: Tensor
    shift: Tensor
    eps: float

    @classmethod
    def of(cls, layer: nn.LayerNorm) -> Norm:
        """Takes those of a layer."""
        return cls(layer.weight.detach(), layer.bias.detach(), layer.eps)

    def __call__(self, x: Tensor) -> Tensor:
        """Returns the normalised x."""
        return nn.functional.layer_norm(x, self.scale.shape, self.scale, self.shift, self.eps)

    def backward(self, gradient: Tensor, x: Tensor) -> Tensor:
        """Returns the gradient at x, (B, W), from the gradients (B, N, W) at the output."""
        spread = torch.rsqrt(x.var(dim=-1, correction=0, keepdim=True) + self.eps)
        unit = (x - x.mean(dim=-1, keepdim=True)) * spread
        inner = gradient * self.scale
        along = (inner @ unit[:, :, None]) / x.shape[-1]
        inner = inner - inner.mean(dim=-1, keepdim=True)
        return (inner - along * unit[:, None]) * spread[:, None]


@dataclass(frozen=True, eq=False)
class PooledCrops:
    """What is kept of a batch of B crops for the phrases to come.

    Attributes:
        attention: (B, heads, T) softmax weights of the pooling query.
        values: (B, heads, T, W / heads).
        before_mlp: (B, W), z above.
        after_mlp: (B, W), u above.
        hidden: (B, F), the MLP's hidden layer before its activation.
        embedding: (B, D), e above, of any length.
    """

    attention: Tensor
    values: Tensor
    before_mlp: Tensor
    after_mlp: Tensor
    hidden: Tensor
    embedding: Tensor


@dataclass(frozen=True, eq=False)
class AttentionPooling:
    """The weights of the pooling attention and of what follows it, W wide.

    Attributes:
        heads: of the attention.
        probe: (W,) learned query before its projection; None: the first token asks, and is added to the result.
        norm_in: on the tokens; None for none.
        query: projects the query.
        key: projects the tokens.
        value: projects the tokens.
        out: projects the attended values.
        norm_mlp: before the MLP.
        fc1: first layer of the MLP.
        activation: elementwise.
        fc2: second layer of the MLP.
        norm_out: after the MLP; None for none.
        projection: (D, W), to the common space; None where W is that space.
    """

    heads: int
    probe: Tensor | None
    norm_in: Norm | None
    query: Affine
    key: Affine
    value: Affine
    out: Affine
    norm_mlp: Norm
    fc1: Affine
    activation: Activation
    fc2: Affine
    norm_out: Norm | None
    projection: Tensor | None

    @property
    def prefix(self) -> int:
        """Number of tokens before those of the patches."""
        return 1 if self.probe is None else 0

    def pool(self, tokens: Tensor) -> PooledCrops:
        """Runs the forward pass of the pooling query alone.

        Args:
            tokens: (B, T, W) float32.
        """
        normed = tokens if self.norm_in is None else self.norm_in(tokens)
        asking = normed[:, 0] if self.probe is None else self.probe.expand(len(tokens), -1)
        query, keys, values = (
            projected.unflatten(-1, (self.heads, -1))
            for projected in (self.query(asking), self.key(normed), self.value(normed))
        )
        logits = torch.einsum("bhd,bthd->bht", query, keys) * query.shape[-1] ** -0.5
        attention = logits.softmax(dim=-1)
        before_mlp = self.out(torch.einsum("bht,bthd->bhd", attention, values).flatten(1))
        if self.probe is None:
            before_mlp = before_mlp + tokens[:, 0]
        hidden = self.fc1(self.norm_mlp(before_mlp))
        after_mlp = before_mlp + self.fc2(self.activation(hidden))
        embedding = after_mlp if self.norm_out is None else self.norm_out(after_mlp)
        if self.projection is not None:
            embedding = embedding @ self.projection.T
        return PooledCrops(attention, values.transpose(1, 2), before_mlp, after_mlp, hidden, embedding)

    def relevancy(self, crops: PooledCrops, phrases: Tensor) -> Tensor:
        """Weighs the attention by the gradient of each phrase's cosine.

        R = I + mean over heads of max(0, dlogit/dA * A), of which the query's row is read without the tokens that
        are no patches. Only that row of A touches the embedding, so no other is needed. Source: Chefer et al.,
        Generic Attention-model Explainability, eq. 5 and 6, at the last block as in SemAbs; for a learned query: ours.

        Args:
            crops: B crops.
            phrases: (N, D) unit vectors.

        Returns:
            (B, N, patches) float32.
        """
        attended = self._gradient_at_attended(crops, phrases)
        gradient = torch.einsum("bnhd,bhtd->bnht", attended.unflatten(-1, (self.heads, -1)), crops.values)
        weighed = gradient.mul_(crops.attention[:, None]).clamp_(min=0).mean(dim=2)
        return weighed[..., self.prefix :]

    def _gradient_at_attended(self, crops: PooledCrops, phrases: Tensor) -> Tensor:
        """Returns the (B, N, W) gradients of the phrases' cosines at o."""
        length = crops.embedding.norm(dim=-1, keepdim=True)
        unit = crops.embedding / length
        cosine = unit @ phrases.T
        if self.projection is not None:
            phrases, unit = phrases @ self.projection, unit @ self.projection
        gradient = (phrases - cosine[..., None] * unit[:, None]) / length[..., None]
        if self.norm_out is not None:
            gradient = self.norm_out.backward(gradient, crops.after_mlp)
        inner = (gradient @ self.fc2.weight).mul_(_slope(self.activation, crops.hidden)[:, None])
        gradient = gradient + self.norm_mlp.backward(inner @ self.fc1.weight, crops.before_mlp)
        return gradient @ self.out.weight


def _slope(activation: Activation, x: Tensor) -> Tensor:
    """Returns the derivative of an elementwise function at x."""
    with torch.inference_mode(False), torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(activation(x).sum(), x)[0]
