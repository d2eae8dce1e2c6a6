"""Episodes of CartPole, a pole balanced on a cart, under a controller that acts at random now and then."""

from pathlib import Path

import numpy as np

from unrolled.errors import UserError

EPISODES, STEPS = 2000, 120
AT_RANDOM = 0.2  # of the actions
GAINS = (
    0.1,
    0.2,
    1.0,
    0.5,
)  # of position, velocity, angle and angular velocity: push to the side where their sum points


def write(file: Path) -> None:
    """Writes the episodes as an archive: x (position, velocity, angle, angular velocity, action) and lengths.

    y: the angular velocity of each step. A controller that reacts to it makes it hard to guess from later steps.
    Raises UserError if gymnasium is not installed.
    """
    try:
        from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
    except ImportError:
        raise UserError("cartpole needs the simulator: pip install gymnasium (the extra `gallery` has it)") from None
    world = CartPoleVectorEnv(num_envs=EPISODES, max_episode_steps=STEPS)
    draws = np.random.default_rng(0)
    seen, _ = world.reset(seed=0)
    upright, lengths, steps = np.ones(EPISODES, dtype=bool), np.zeros(EPISODES, dtype=np.int64), []
    for _ in range(STEPS):
        lengths += upright
        at_random = draws.random(EPISODES) < AT_RANDOM
        action = np.where(at_random, draws.integers(0, 2, EPISODES), seen @ np.array(GAINS) > 0).astype(np.int64)
        steps.append(np.column_stack([seen, action]).astype(np.float32))
        seen, _, fallen, over, _ = world.step(action)
        upright &= ~(fallen | over)
    every = np.stack(steps, axis=1)
    x = np.concatenate([every[i, : lengths[i]] for i in range(EPISODES)])
    with file.open("wb") as out:
        np.savez(out, x=x, lengths=lengths, y=x[:, 3])
