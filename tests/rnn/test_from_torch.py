"""The weights of `torch.nn.RNN`, `LSTM` and `GRU` make the same network here; any other network is refused by name."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unrolled.rnn import RNN
from unrolled.rnn.from_torch import stack_from_torch
from unrolled.rnn.stack import Stacked, inputs_of

T, B, E, H = 30, 4, 3, 7
KINDS: dict[str, Callable[..., nn.RNNBase]] = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}


def only(kept: Any, activation: str = "tanh") -> RNN:
    """The layer of an RNN of one."""
    ((number, reverse, layer),) = stack_from_torch(kept, activation)
    assert (number, reverse) == (0, False) and isinstance(layer, RNN)
    return layer


def outputs(stack: list[Stacked], x: Tensor) -> Tensor:
    """The states of the last layer, both directions side by side in order of time."""
    read = list(inputs_of(stack, x))[-2 if stack[-1].reverse else -1 :]
    states = [each.layer(inputs) for each, inputs in read]
    return torch.cat([states[0], *(h.flip(0) for h in states[1:])], 2)


CASES = [
    (kind, layers, both, bias)
    for kind in KINDS
    for layers in (1, 2, 3)
    for both in (False, True)
    for bias in (True, False)
]


@pytest.mark.parametrize(("kind", "layers", "both", "bias"), CASES)
def test_the_outputs_of_a_stack_are_those_of_torch(kind: str, layers: int, both: bool, bias: bool) -> None:
    torch.manual_seed(0)
    theirs = KINDS[kind](E, H, layers, bias=bias, bidirectional=both).double()
    stack = stack_from_torch(theirs.state_dict())
    assert [each.suffix for each in stack] == [
        name.removeprefix("weight_ih_") for name in theirs.state_dict() if name.startswith("weight_ih")
    ]
    x = torch.randn(T, B, E, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(outputs(stack, x), theirs(x)[0].detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_the_weights_of_a_cell_are_those_of_one_layer(cell: Callable[..., nn.RNNCellBase]) -> None:
    torch.manual_seed(0)
    theirs = cell(E, H).double()
    ((_, _, layer),) = stack_from_torch(nn.ModuleDict({"step": theirs}).state_dict())
    x, state = torch.randn(T, B, E, dtype=torch.float64), None
    for t, h in enumerate(layer(x)):
        state = theirs(x[t], state)
        torch.testing.assert_close(h, state[0] if isinstance(state, tuple) else state, rtol=0, atol=1e-10)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_states_and_gradients_are_those_of_torch(activation: str, dtype: torch.dtype, bias: bool) -> None:
    torch.manual_seed(0)
    theirs = nn.RNN(E, H, nonlinearity=activation, bias=bias).to(dtype)
    ours = only(theirs.state_dict(), activation)
    x, again = (torch.randn(T, B, E, generator=torch.Generator().manual_seed(1), dtype=dtype) for _ in range(2))
    h, g = theirs(x.requires_grad_())[0], ours(again.requires_grad_())
    rtol, atol = (1e-4, 1e-6) if dtype == torch.float32 else (1e-12, 1e-14)
    torch.testing.assert_close(g, h, rtol=rtol, atol=atol)
    h[-1].sum().backward()
    g[-1].sum().backward()
    torch.testing.assert_close(again.grad, x.grad, rtol=rtol, atol=atol)


def test_the_one_recurrent_module_of_a_model_is_found() -> None:
    layer = nn.RNN(E, H)
    model = nn.ModuleDict({"embed": nn.Embedding(10, E), "encoder": layer, "head": nn.Linear(H, 2)})
    assert torch.equal(only(model.state_dict()).W_h, layer.get_parameter("weight_hh_l0"))


W = nn.RNN(E, H).state_dict()
LSTM, GRU, TWO = (kind(E, H, 2, bidirectional=True).state_dict() for kind in (nn.LSTM, nn.GRU, nn.RNN))


def without(weights: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in weights.items() if name not in names}


def pruned(module: nn.Module) -> nn.Module:
    return nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (dict, "no weight_hh_l0 in it; it holds nothing"),
    "numbers alone": (lambda: {"epoch": 3}, r"no weight_hh_l0 in it; it holds epoch \(no tensor\)"),
    "a linear layer": (nn.Linear(E, H).state_dict, "no weight_hh_l0 in it; it holds weight, bias"),
    "an embedding": (nn.Embedding(5, E).state_dict, "no weight_hh_l0 in it; it holds weight"),
    "a transformer": (nn.TransformerEncoderLayer(4, 2).state_dict, "no weight_hh_l0 in it; it holds self_attn"),
    "an optimizer": (torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1).state_dict, "no weight_hh_l0 in it"),
    "two modules": (nn.ModuleList([nn.RNN(E, H), nn.GRU(E, H)]).state_dict, r"2 recurrent modules in it \(0., 1.\)"),
    "two state_dicts": (
        lambda: {"model": W, "ema": {"model": W}},
        r"2 state_dicts with a recurrent layer in it \(model, ema.model\)",
    ),
    "a cell and a layer": (lambda: nn.GRUCell(E, H).state_dict() | GRU, "weight of a cell and .* that of a layer"),
    "a projection": (nn.LSTM(E, H, proj_size=2).state_dict, "^weight_hr_l0 in it: an LSTM with proj_size"),
    "weight norm": (pruned(nn.LSTM(E, H)).state_dict, "^no weight_hh_l0 in it; it holds weight_ih_l0, bias_ih_l0"),
    "no weight_ih": (lambda: without(W, "weight_ih_l0"), "^no weight_ih_l0 in it; it holds weight_hh_l0"),
    "no weight_hh": (lambda: without(LSTM, "weight_hh_l1"), "^no weight_hh_l1 in it"),
    "one bias of two": (lambda: without(W, "bias_hh_l0"), "^no bias_hh_l0 in it; it holds .*bias_ih_l0"),
    "biases in one layer": (lambda: without(GRU, "bias_hh_l1", "bias_ih_l1"), "^no bias_ih_l1 in it"),
    "one direction of the second layer": (
        lambda: {name: value for name, value in TWO.items() if "l1_reverse" not in name},
        "^no weight_hh_l1_reverse in it",
    ),
    "no first layer": (lambda: {"a.weight_hh_l1": TWO["weight_hh_l1"]}, "^a: no weight_hh_l0 in it"),
    "a billion layers": (lambda: W | {"weight_hh_l999999999": W["weight_hh_l0"]}, "^no weight_hh_l1 in it"),
    "a layer of another kind": (
        lambda: LSTM | {"weight_hh_l1": GRU["weight_hh_l1"]},
        r"^weight_hh_l1 is \(21, 7\); it would be \(28, 7\) in this LSTM of 7 units and two directions",
    ),
    "inputs of one direction": (
        lambda: LSTM | {"weight_ih_l1": torch.ones(28, 7)},
        r"^weight_ih_l1 is \(28, 7\); it would be \(28, 14\) in this LSTM of 7 units and two directions",
    ),
    "directions with other inputs": (
        lambda: GRU | {"weight_ih_l0_reverse": torch.ones(21, 4)},
        r"^weight_ih_l0_reverse is \(21, 4\); it would be \(21, 3\)",
    ),
    "two blocks": (
        lambda: W | {"weight_hh_l0": torch.ones(14, 7)},
        r"^weight_hh_l0 is \(14, 7\): no recurrent layer \(square blocks: 1 of RNN, 3 of GRU, 4 of LSTM\)",
    ),
    "no block": (lambda: W | {"weight_hh_l0": torch.ones(3, 7)}, r"^weight_hh_l0 is \(3, 7\): no recurrent layer"),
    "inputs for other units": (
        lambda: W | {"weight_ih_l0": torch.zeros(5, 3)},
        r"^weight_ih_l0 is \(5, 3\); it would be \(7, 3\) in this RNN of 7 units$",
    ),
    "a bias of another length": (
        lambda: W | {"bias_hh_l0": torch.zeros(5)},
        r"^bias_hh_l0 is \(5,\); it would be \(7,\) in this RNN of 7 units$",
    ),
    "nan": (
        lambda: {f"rnn.{name}": value * torch.nan for name, value in W.items()},
        r"^rnn: weight_hh_l0 is \(7, 7\); a matrix of finite numbers is wanted, and nan stands at \[0, 0\]",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_networks_are_refused_in_one_line(kind: str) -> None:
    made, message = REFUSED[kind]
    with pytest.raises(ValueError, match=message) as raised:
        stack_from_torch(made())
    assert "\n" not in str(raised.value)


def test_an_activation_that_torch_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'gelu': torch\.nn.RNN knows tanh and relu"):
        stack_from_torch(W, "gelu")


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
    assert torch.equal(only(nest(W)).W_h, W["weight_hh_l0"])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_single(dtype: torch.dtype) -> None:
    layer = nn.RNN(E, H).to(dtype)
    rnn = only(layer.state_dict())
    assert rnn.W_h.dtype == rnn.b.dtype == torch.float32
    assert torch.equal(rnn.W_h, layer.get_parameter("weight_hh_l0").float())


WRONG: dict[str, Callable[[Tensor], Any]] = {
    "is of torch.int64; floating-point numbers are wanted": lambda value: value.long(),
    "is of torch.complex64; floating-point numbers are wanted": lambda value: value.to(torch.complex64),
    "is sparse, quantized or empty; a dense tensor is wanted": lambda value: value.to_sparse(),
    "is of type list; a tensor is wanted": lambda value: value.tolist(),
    "of finite numbers is wanted, and inf stands at": lambda value: value / 0,
    "of finite numbers is wanted$": lambda value: value[:0],
}


@pytest.mark.filterwarnings("ignore:.*Sparse.*")
@pytest.mark.parametrize("name", ["weight_hh_l0", "weight_ih_l1", "bias_hh_l1_reverse"])
@pytest.mark.parametrize("message", WRONG)
def test_a_tensor_of_another_kind_is_named(message: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} .*{message}"):
        stack_from_torch(TWO | {name: WRONG[message](TWO[name].abs() + 1)})
