"""The weights of `torch.nn.RNN` make the same network here; any other network is refused by name."""

import pytest
import torch
from torch import nn

from unrolled.rnn.from_torch import rnn_from_torch

T, B, E, H = 30, 4, 3, 7


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_states_and_gradients_are_those_of_torch(activation: str, dtype: torch.dtype, bias: bool) -> None:
    torch.manual_seed(0)
    theirs = nn.RNN(E, H, nonlinearity=activation, bias=bias).to(dtype)
    ours = rnn_from_torch(theirs.state_dict(), activation)
    x, again = (torch.randn(T, B, E, generator=torch.Generator().manual_seed(1), dtype=dtype) for _ in range(2))
    h, g = theirs(x.requires_grad_())[0], ours(again.requires_grad_())
    rtol, atol = (1e-4, 1e-6) if dtype == torch.float32 else (1e-12, 1e-14)
    torch.testing.assert_close(g, h, rtol=rtol, atol=atol)
    h[-1].sum().backward()
    g[-1].sum().backward()
    torch.testing.assert_close(again.grad, x.grad, rtol=rtol, atol=atol)


def test_the_one_recurrent_layer_of_a_model_is_found() -> None:
    layer = nn.RNN(E, H)
    model = nn.ModuleDict({"embed": nn.Embedding(10, E), "encoder": layer, "head": nn.Linear(H, 2)})
    assert torch.equal(rnn_from_torch(model.state_dict()).W_h, layer.get_parameter("weight_hh_l0"))


REFUSED = {
    "an LSTM": nn.LSTM(E, H),
    "a GRU": nn.GRU(E, H),
    "more than one layer": nn.RNN(E, H, num_layers=2),
    "two directions": nn.RNN(E, H, bidirectional=True),
    "2 recurrent layers": nn.ModuleList([nn.RNN(E, H), nn.RNN(E, H)]),
    "no weight_hh_l0 in it; it holds weight, bias": nn.Linear(E, H),
}


@pytest.mark.parametrize("message", REFUSED)
def test_other_networks_are_refused_by_name(message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rnn_from_torch(REFUSED[message].state_dict())


def test_weights_that_are_not_what_they_should_be() -> None:
    weights = nn.RNN(E, H).state_dict()
    with pytest.raises(ValueError, match=r"no weight_ih_l0 in it"):
        rnn_from_torch({"weight_hh_l0": weights["weight_hh_l0"]})
    with pytest.raises(ValueError, match=r"weight_hh_l0 is \(7, 7\); a matrix of finite numbers is wanted"):
        rnn_from_torch(weights | {"weight_hh_l0": weights["weight_hh_l0"] * torch.nan})
    with pytest.raises(ValueError, match=r"weight_ih_l0 is \(5, 3\), but weight_hh_l0 has 7 rows"):
        rnn_from_torch(weights | {"weight_ih_l0": torch.zeros(5, 3)})
    with pytest.raises(ValueError, match=r"'gelu': torch\.nn.RNN knows tanh and relu"):
        rnn_from_torch(weights, "gelu")
