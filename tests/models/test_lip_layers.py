"""The linear model beside the temporal networks: fitted exactly, pulled towards what it was."""

import pytest
import torch

from lipstudy.models._lip_layers import LinearLips, TemporalLips


def _heard(seed: int = 1) -> torch.Tensor:
    return torch.rand((4, 60, 5), generator=torch.Generator().manual_seed(seed))


def _drawn() -> LinearLips:
    truth = LinearLips(5, 2)
    truth.weight.copy_(torch.randn(truth.weight.shape, generator=torch.Generator().manual_seed(2)))
    truth.bias.copy_(torch.tensor([0.5, -1.0]))
    return truth


def test_a_linear_truth_is_found_again() -> None:
    truth, found = _drawn(), LinearLips(5, 2)
    found.fit(_heard(), truth(_heard()), torch.ones(4, 60), ridge=1e-9)
    assert torch.allclose(found(_heard(3)), truth(_heard(3)), atol=1e-3)


def test_frames_that_are_not_seen_do_not_count() -> None:
    truth = _drawn()
    wanted, seen = truth(_heard()), torch.ones(4, 60)
    fitted = [LinearLips(5, 2), LinearLips(5, 2)]
    seen[:, 50:] = 0
    fitted[0].fit(_heard(), wanted, seen, ridge=1e-3)
    wanted[:, 50:] = 99
    fitted[1].fit(_heard(), wanted, seen, ridge=1e-3)
    assert torch.equal(fitted[0].weight, fitted[1].weight)


def test_a_heavy_penalty_leaves_the_weights_as_they_were() -> None:
    before, found = _drawn(), _drawn()
    found.fit(_heard(), torch.zeros(4, 60, 2), torch.ones(4, 60), ridge=1e9)
    assert torch.allclose(found.weight, before.weight, atol=1e-5)


@pytest.mark.parametrize("dilations", [(1,), (1, 2, 4)])
def test_a_temporal_network_is_the_sum_of_its_convolutions(dilations: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    lips = TemporalLips(members=2, heard=5, hidden=4, out=3, dilations=dilations, embedding=2, drop=0.3).eval()
    heard, speaker = _heard(), torch.zeros(4, 2)
    for member, made in enumerate(lips(heard, speaker)):
        hidden = heard @ lips.enter[member] + lips.enter_bias[member]
        for dilation, weight, bias in zip(dilations, lips.layers, lips.biases, strict=True):
            kernel = weight[member].reshape(3, 4, 4).permute(2, 1, 0)
            moved = torch.nn.functional.conv1d(
                hidden.transpose(1, 2), kernel, bias[member, 0], padding=dilation, dilation=dilation
            )
            hidden = hidden + torch.relu(moved).transpose(1, 2)
        assert torch.allclose(made, hidden @ lips.leave[member] + lips.leave_bias[member], atol=1e-5)
