"""The weights of `torch.nn.RNN` make the same network here; any other network is refused by name."""

from collections.abc import Callable
from typing import Any

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
    with pytest.raises(
        ValueError, match=r"weight_hh_l0 is \(7, 7\); a matrix of finite numbers is wanted, and nan stands at \[0, 0\]"
    ):
        rnn_from_torch(weights | {"weight_hh_l0": weights["weight_hh_l0"] * torch.nan})
    with pytest.raises(ValueError, match=r"weight_ih_l0 is \(5, 3\), but weight_hh_l0 has 7 rows"):
        rnn_from_torch(weights | {"weight_ih_l0": torch.zeros(5, 3)})
    with pytest.raises(ValueError, match=r"'gelu': torch\.nn.RNN knows tanh and relu"):
        rnn_from_torch(weights, "gelu")


@pytest.mark.parametrize(
    "nest",
    [
        lambda weights: {"model": weights, "epoch": 3},
        lambda weights: {"state_dict": weights, "optimizer": {"state": {}, "param_groups": []}},
        lambda weights: {"model_state_dict": weights, 0: "a number as a key"},
        lambda weights: {"net": {"state_dict": weights}, "version": "1.0"},
        lambda weights: {"checkpoint": {"model": {f"module.rnn.{name}": value for name, value in weights.items()}}},
        lambda weights: {f"module.{name}": value for name, value in weights.items()},
        lambda weights: {f"_orig_mod.net.{name}": value for name, value in weights.items()} | {"steps": 3},
    ],
)
def test_a_state_dict_is_found_in_what_a_program_saves_with_it(nest: Callable[[Any], Any]) -> None:
    layer = nn.RNN(E, H)
    assert torch.equal(rnn_from_torch(nest(layer.state_dict())).W_h, layer.get_parameter("weight_hh_l0"))


def test_of_two_state_dicts_none_is_chosen() -> None:
    weights = nn.RNN(E, H).state_dict()
    with pytest.raises(ValueError, match=r"2 state_dicts with a recurrent layer in it \(model, ema.model\)"):
        rnn_from_torch({"model": weights, "ema": {"model": weights}})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_single(dtype: torch.dtype) -> None:
    layer = nn.RNN(E, H).to(dtype)
    rnn = rnn_from_torch(layer.state_dict())
    assert rnn.W_h.dtype == rnn.b.dtype == torch.float32
    assert torch.equal(rnn.W_h, layer.get_parameter("weight_hh_l0").float())


KINDS: dict[str, Callable[[torch.Tensor], Any]] = {
    "is of torch.int64; floating-point numbers are wanted": lambda value: value.long(),
    "is of torch.complex64; floating-point numbers are wanted": lambda value: value.to(torch.complex64),
    "is sparse, quantized or empty; a dense tensor is wanted": lambda value: value.to_sparse(),
    "is of type list; a tensor is wanted": lambda value: value.tolist(),
    "of finite numbers is wanted, and inf stands at": lambda value: value / 0,
    "of finite numbers is wanted$": lambda value: value[:0],
}


@pytest.mark.filterwarnings("ignore:.*Sparse.*")
@pytest.mark.parametrize("name", ["weight_hh_l0", "weight_ih_l0", "bias_hh_l0"])
@pytest.mark.parametrize("message", KINDS)
def test_a_tensor_of_another_kind_is_named(message: str, name: str) -> None:
    weights = dict(nn.RNN(E, H).state_dict())
    weights[name] = KINDS[message](weights[name].abs() + 1)
    with pytest.raises(ValueError, match=f"^{name} .*{message}"):
        rnn_from_torch(weights)


def test_biases_of_another_length_and_a_dict_without_tensors_are_named() -> None:
    weights = nn.RNN(E, H).state_dict()
    with pytest.raises(ValueError, match=r"bias_hh_l0 is \(5,\), but weight_hh_l0 has 7 rows"):
        rnn_from_torch(weights | {"bias_hh_l0": torch.zeros(5)})
    with pytest.raises(ValueError, match=r"no weight_hh_l0 in it; it holds epoch \(no tensor\)"):
        rnn_from_torch({"epoch": 3})
    with pytest.raises(ValueError, match="no weight_hh_l0 in it; it holds nothing"):
        rnn_from_torch({})
