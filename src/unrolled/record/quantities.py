"""Table of the numbers that a run records of its gradients, read by files, pages, panels and tables. No torch here."""

import math
from dataclasses import dataclass

LN_10 = math.log(10)  # nats in a factor of ten
PART = "{part}"  # in `logged`: replaced by "", or by the name of an RNN that is not the first
NATS = "nats per lag"


@dataclass(frozen=True)
class Quantity:
    """A recorded number or word.

    key: in status.json; where `compared`, in results.csv and in W&B's summary too.
    of: path of its attribute, from an RNN's `diagnosis`, its dL/dW_h (`weights`), or the whole `measurement`.
    label, unit: on pages and panels.
    form: format of the number in tables.
    logged: name in metrics.csv and in W&B's history, at each probe; with `PART`: of every RNN, and in a panel.
    heads: of its columns in the tables of page and terminal; of two the first is at step 0.
    word: it is no number.
    compared: runs are compared by it.
    kept: it is in status.json.
    start: results.csv and W&B's summary have it at step 0 too, as `<key>_start`.
    ends: it is computed at both ends of training alone, for it takes a Lyapunov exponent.
    """

    key: str
    of: str
    label: str
    unit: str = ""
    form: str = "z.3g"
    logged: str | None = None
    heads: tuple[str, ...] = ()
    word: bool = False
    compared: bool = True
    start: bool = False
    ends: bool = False
    kept: bool = True


Q = Quantity
QUANTITIES = (
    Q("regime", "diagnosis.regime", "regime", heads=("regime now",), word=True, start=True),
    Q("regime_reason", "diagnosis.reason", "rule", word=True, compared=False),
    Q("explanation", "diagnosis.explanation", "explanation", word=True, compared=False),
    Q("slope", "diagnosis.slope", "slope", NATS, "+z.3f", "grad_h/{part}slope",
      heads=("slope at step 0", "slope now"), start=True),
    Q("slope_error", "diagnosis.slope_error", "standard error of the slope", NATS),
    Q("slope_interval", "diagnosis.slope_half", "half of the slope's 95 % interval", NATS, compared=False),
    Q("share_up", "diagnosis.shares.up", "samples that grow tenfold", "share", compared=False),
    Q("share_down", "diagnosis.shares.down", "samples that shrink tenfold", "share", compared=False),
    Q("zeros", "diagnosis.zeros", "samples with a gradient of 0", "share", compared=False),
    Q("horizon", "diagnosis.horizon.lag", "horizon", "lags", "d", "grad_h/{part}horizon", ("horizon",)),
    Q("first_to_last", "diagnosis.log10_first_to_last", "first / last", "log10 of the ratio of norms",
      logged="grad_h/{part}log10_first_to_last", compared=False, kept=False),
    Q("horizon_direction", "diagnosis.horizon.direction", "direction", word=True),
    Q("horizon_extrapolated", "diagnosis.extrapolated_horizon", "extrapolated horizon", "lags"),
    Q("longest_lag", "diagnosis.longest_lag", "longest lag", "lags"),
    Q("slope_by_f", "diagnosis.by_f", "what f' adds to the slope", NATS),
    Q("slope_by_W_h", "diagnosis.by_weights", "what W_h adds to the slope", NATS),
    Q("slope_by_cell_path", "diagnosis.by_cell_path", "what the cell path adds to the slope", NATS),
    Q("slope_by_hidden_path", "diagnosis.by_hidden_path", "what the hidden path adds to the slope", NATS),
    Q("flat", "diagnosis.flat", "units where f is flat, or gates that are closed", "share"),
    Q("dead", "diagnosis.dead", "units with f' = 0", "share"),
    Q("rounding_growth", "diagnosis.rounding_growth", "growth of rounding", "nats", compared=False, ends=True),
    Q("flushed_to_zero", "measurement.flushed_to_zero", "norms of exactly 0", logged="grad_h/zeros", compared=False),
    Q("cancellation", "weights.cancellation", "cancellation in dL/dW_h", "share", logged="grad_W_h/cancellation"),
    Q("below_float_from", "measurement.below_float_from", "below training's precision from", "lags"),
)  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """A slope that theory predicts, nats per lag; or, with `measured`, computed from the Jacobians that there were.

    key: under `predictions` of status.json, in results.csv and W&B's summary. symbol: its formula. tex: for matplotlib.
    colour, dash: of its line in pictures.
    """

    key: str
    label: str
    symbol: str
    tex: str = ""
    colour: str = ""
    dash: str = ""
    measured: bool = False


PREDICTIONS = (
    Prediction("bound", "bound ln(gamma sigma_max)", "ln(gamma sigma_max)", r"bound $\ln(\gamma \sigma_{\max})$",
               "#D55E00", "dash"),
    Prediction("ln_rho", "ln rho", "ln rho", r"$\ln \rho$", "#009E73", "dashdot"),
    Prediction("mean_field", "mean field", "mean field", r"mean field $\frac{1}{2}\ln \chi$", "#CC79A7", "dot"),
    Prediction("measured_chi", "measured chi", "1/2 ln chi with these f'", measured=True),
    Prediction("exponent", "Lyapunov exponent", "Lyapunov exponent", measured=True),
)  # fmt: skip
DEPARTURE = "departure"  # from normality, beside the predictions: no slope
PREDICTORS = {each.key: each for each in PREDICTIONS if not each.measured}
MEASURED = {each.key: each for each in PREDICTIONS if each.measured}


def logged(part: str = "") -> dict[str, Quantity]:
    """Returns the quantities of an RNN that are logged at each probe, by their names in metrics.csv.

    part: "" for the first RNN, with what is logged once for all; else the name of another.
    """
    once = {} if part else {each.logged: each for each in QUANTITIES if each.logged and PART not in each.logged}
    prefix = f"{part}/" if part else ""
    each_part = {each.logged.replace(PART, prefix): each for each in QUANTITIES if each.logged and PART in each.logged}
    return once | each_part
