"""The gain at which the zero fixed point of an LSTM or GRU without input loses its stability."""

import math


def critical_gain_gated(
    kind: str, forget_bias: float = 0.0, input_bias: float = 0.0, output_bias: float = 0.0
) -> float:
    """Computes the critical spectral radius of the block of W_h that makes new content: W_hg or W_hn.

    At x = h = c = 0 the gates are constant. The step Jacobian of an LSTM has H eigenvalues 0, and f + i o lambda for
    each eigenvalue lambda of W_hg. That of a GRU has z + (1 - z) r lambda for each of W_hn. The other blocks of W_h do
    not matter. A positive lambda is critical at (1 - f) / (i o), or at 1 / r whatever z is; others are critical beyond.
    For Gaussian weights of many units, the spectral radius is sqrt(H) times their standard deviation (Ginibre 1965).

    kind: "lstm" or "gru".
    forget_bias: of f, or z.
    input_bias: of i, or r: the gates that let h_{t-1} into the new content.
    output_bias: of o; a GRU has none.
    Raises ValueError for an unknown kind, a bias that is not finite, and an output bias of a GRU.
    """
    biases = (forget_bias, input_bias, output_bias)
    if kind not in ("lstm", "gru"):
        raise ValueError(f"unknown kind {kind!r}; allowed: lstm, gru")
    if not all(map(math.isfinite, biases)):
        raise ValueError(f"forget_bias, input_bias, output_bias = {biases}: all must be finite")
    if kind == "lstm":  # 1 - f = 1 / (1 + exp(b_f))
        return (1 + math.exp(-input_bias)) * (1 + math.exp(-output_bias)) / (1 + math.exp(forget_bias))
    if output_bias:
        raise ValueError(f"output_bias={output_bias}: a GRU has no output gate, allowed is 0")
    return 1 + math.exp(-input_bias)
