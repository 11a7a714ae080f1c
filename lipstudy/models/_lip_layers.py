"""The layers that move the lips: a few small temporal networks side by side, and a linear model beside them."""

import math

import torch
from torch import Tensor, nn

__all__ = ["LinearLips", "TemporalLips"]

_KERNEL = 3
_BLURS_FRAMES = (2.0, 5.0)
"""Standard deviations of the windows over which the linear model hears, in frames of 20 ms."""
_BLUR_REACH = 15


class TemporalLips(nn.Module):
    """Networks of dilated convolutions, all computed at once: (B, T, heard) -> (members, B, T, out).

    A convolution is a product of matrices here, of a frame and its two neighbours side by side: on short blocks of
    sound that is several times as fast.
    """

    def __init__(
        self,
        *,
        members: int,
        heard: int,
        hidden: int,
        out: int,
        dilations: tuple[int, ...],
        embedding: int,
        drop: float,
    ) -> None:
        super().__init__()
        self.dilations, self.drop = dilations, drop

        def weights(rows: int, columns: int) -> tuple[nn.Parameter, nn.Parameter]:
            bound = 1 / math.sqrt(rows)
            drawn = (torch.empty(members, count, columns).uniform_(-bound, bound) for count in (rows, 1))
            return nn.Parameter(next(drawn)), nn.Parameter(next(drawn))

        self.enter, self.enter_bias = weights(heard, hidden)
        inner = [weights(_KERNEL * hidden, hidden) for _ in dilations]
        self.layers = nn.ParameterList(weight for weight, _ in inner)
        self.biases = nn.ParameterList(bias for _, bias in inner)
        self.style, _ = weights(embedding, 2 * hidden)
        self.leave, self.leave_bias = weights(hidden, out)

    def forward(self, heard: Tensor, speaker: Tensor) -> Tensor:
        """Return what each member says of `heard` (B, T, heard), for the embeddings `speaker` (B, E)."""
        batch, frames, _ = heard.shape
        members, _, width = self.enter.shape
        rows = batch * frames
        hidden = torch.baddbmm(self.enter_bias, heard.reshape(1, rows, -1).expand(members, -1, -1), self.enter)
        hidden = hidden.reshape(members, batch, frames, width)
        for dilation, weight, bias in zip(self.dilations, self.layers, self.biases, strict=True):
            padded = nn.functional.pad(hidden, (0, 0, dilation, dilation))
            around = torch.cat([padded[:, :, :frames], hidden, padded[:, :, 2 * dilation :]], dim=3)
            new = torch.baddbmm(bias, around.reshape(members, rows, _KERNEL * width), weight).relu_()
            hidden = hidden + self._dropped(new.reshape(members, batch, frames, width))
        scale, shift = torch.matmul(speaker, self.style)[:, :, None].chunk(2, dim=3)
        hidden = hidden * (1 + scale) + shift
        out = torch.baddbmm(self.leave_bias, hidden.reshape(members, rows, width), self.leave)
        return out.reshape(members, batch, frames, -1)

    def _dropped(self, hidden: Tensor) -> Tensor:
        # Whole channels at a time: their frames say nearly the same.
        if not self.training or not self.drop:
            return hidden
        members, batch, _, width = hidden.shape
        kept = (torch.rand(members, batch, 1, width) >= self.drop).float() / (1 - self.drop)
        return hidden * kept.to(hidden.device)


class LinearLips(nn.Module):
    """A linear model of the phones around each moment: (B, T, phones) -> (B, T, out)."""

    weight: Tensor
    bias: Tensor

    def __init__(self, phones: int, out: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(len(_BLURS_FRAMES), phones, out))
        self.register_buffer("bias", torch.zeros(out))

    def forward(self, phones: Tensor) -> Tensor:
        """Return what the lips do while `phones` are heard."""
        parts = torch.matmul(phones, torch.cat(list(self.weight), dim=1)).chunk(len(_BLURS_FRAMES), dim=2)
        blurred = [_blurred(part, blur) for part, blur in zip(parts, _BLURS_FRAMES, strict=True)]
        return torch.stack(blurred).sum(dim=0) + self.bias

    def fit(self, phones: Tensor, wanted: Tensor, seen: Tensor, *, ridge: float) -> None:
        """Fit by least squares, with a penalty on how far the weights leave what they were.

        Parameters
        ----------
        phones : Tensor of shape (N, T, phones)
            What is heard.
        wanted : Tensor of shape (N, T, out)
            What the lips do.
        seen : Tensor of shape (N, T)
            Above 0 in the frames that count.
        ridge : float > 0
            The penalty, beside the mean square over frames.
        """
        heard = phones.cpu().double()
        blurred = torch.cat([_blurred(heard, blur) for blur in _BLURS_FRAMES], dim=2)[seen.cpu() > 0]
        values = wanted.cpu().double()[seen.cpu() > 0]
        before = self.weight.cpu().double().flatten(0, 1)
        left_over = values - blurred @ before
        centred = blurred - blurred.mean(dim=0)
        squares = centred.T @ centred / len(centred) + ridge * torch.eye(centred.shape[1], dtype=torch.float64)
        change = torch.linalg.solve(squares, centred.T @ (left_over - left_over.mean(dim=0)) / len(centred))
        weight = before + change
        self.weight.copy_(weight.reshape(self.weight.shape))
        self.bias.copy_(values.mean(dim=0) - blurred.mean(dim=0) @ weight)


def _blurred(values: Tensor, deviation: float) -> Tensor:
    # Over the frames of (B, T, C); what is at an end is taken to go on.
    place = torch.arange(-_BLUR_REACH, _BLUR_REACH + 1, dtype=values.dtype, device=values.device)
    window = torch.exp(-((place / deviation) ** 2) / 2)
    around = nn.functional.pad(values.transpose(1, 2), (_BLUR_REACH, _BLUR_REACH), mode="replicate")
    return torch.matmul(around.unfold(2, len(window), 1), window / window.sum()).transpose(1, 2)
