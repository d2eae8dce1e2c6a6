"""How long the gates of a random LSTM or GRU keep their values: their autocorrelation time, of a simulated network."""

import math

import torch

from unrolled.rnn import GRU, LSTM, Recurrent

INPUTS, HIDDEN, SAMPLES = 64, 256, 8
WARM_UP, STEPS, LAGS = 100, 200, 50  # steps left out, steps that count, lags that add up
NOTHING = 1e-12  # variance of the pre-activations: the gates stand still at their biases


@torch.no_grad()
def persistence(kind: str, sigma_w: float, sigma_x: float, forget_bias: float) -> float:
    """Computes 1 + 2 sum of rho_k over lags k from 1 to 50, steps; 1 = independent from step to step.

    rho_k: autocorrelation, over units, of the pre-activations less their biases: sigma_w^2 E h_t h_{t-k} over
    sigma_w^2 E h_t^2 + sigma_x^2, for input that is white in time. What never changes counts as persistent.
    The network has 256 units and is the same at each call. Where all pre-activations die out, the gates are constant
    and the result is 1.
    Arguments are those of `tied_mean_field`.
    """
    draw = torch.Generator().manual_seed(0)
    layer = _network(kind, sigma_w, sigma_x, forget_bias, draw)
    x = torch.randn(WARM_UP + STEPS, SAMPLES, INPUTS, generator=draw)
    h = layer(x, _started(layer, draw))[WARM_UP:].double()
    products = [float((h[k:] * h[: STEPS - k]).mean()) for k in range(LAGS + 1)]
    variance = sigma_w**2 * products[0] + sigma_x**2
    return 1.0 if variance < NOTHING else 1 + 2 * sigma_w**2 * sum(products[1:]) / variance


def _network(kind: str, sigma_w: float, sigma_x: float, forget_bias: float, draw: torch.Generator) -> Recurrent:
    layer = LSTM(INPUTS, HIDDEN) if kind == "lstm" else GRU(INPUTS, HIDDEN)
    layer.W_h.copy_(sigma_w / math.sqrt(HIDDEN) * torch.randn(layer.W_h.shape, generator=draw))
    layer.W_x.copy_(sigma_x / math.sqrt(INPUTS) * torch.randn(layer.W_x.shape, generator=draw))
    layer.b[HIDDEN : 2 * HIDDEN] = forget_bias  # block 1 is f of an LSTM, z of a GRU
    return layer


def _started(layer: Recurrent, draw: torch.Generator) -> list[torch.Tensor]:
    """Returns random initial states: a network without input may stay at 0 though 0 is not stable."""
    return [torch.randn(SAMPLES, HIDDEN, generator=draw) for _ in layer.names]
