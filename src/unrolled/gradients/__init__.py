"""Diagnostics of gradients through time: whether they vanish or explode, why, and what theory predicts.

All of them take any recurrent layer, trained or not, and compute in float64.
A number that cannot be known is nan or None.
"""

from .along import Trajectory
from .cone import gradient_cone, log_gradient_cone
from .critical_gated import critical_gain_gated
from .diagnose import diagnose
from .diagnosis import Diagnosis
from .jacobian import Products, products, step_jacobians
from .lyapunov import Spectrum, lyapunov_from_jacobians, lyapunov_spectrum
from .mean_field import MeanField, critical_gain, mean_field
from .memory import Memory, memory
from .profile import Profile, profile
from .regime import REGIMES
from .theory import Predictions, predictions
from .tied_mean_field import TiedMeanField, tied_mean_field
from .trajectory import trajectory
from .weights import WeightGradient, contributions, weight_gradient

__all__ = [
    "REGIMES",
    "Diagnosis",
    "MeanField",
    "Memory",
    "Predictions",
    "Products",
    "Profile",
    "Spectrum",
    "TiedMeanField",
    "Trajectory",
    "WeightGradient",
    "contributions",
    "critical_gain",
    "critical_gain_gated",
    "diagnose",
    "gradient_cone",
    "log_gradient_cone",
    "lyapunov_from_jacobians",
    "lyapunov_spectrum",
    "mean_field",
    "memory",
    "predictions",
    "products",
    "profile",
    "step_jacobians",
    "tied_mean_field",
    "trajectory",
    "weight_gradient",
]
