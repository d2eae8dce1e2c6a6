"""What a task, a loss and an embedding must agree on. No torch here: it is asked before anything heavy is imported."""

from unrolled.errors import UserError

LOSSES = {
    "classes": ("cross_entropy", "label_smoothing"),
    "numbers": ("mse", "mae", "huber"),
}
EMBEDDINGS = {
    "tokens": ("trainable", "frozen", "onehot", "pretrained"),
    "numbers": ("none",),
}


def check_loss(loss: str, task: str, answers: str) -> None:
    """Raises UserError where the loss does not fit a task that answers with "classes" or "numbers"."""
    if loss not in LOSSES[answers]:
        fitting = ", ".join(LOSSES[answers])
        raise UserError(f"loss={loss} does not fit task={task}, which answers with {answers}: use one of {fitting}")


def check_embedding(embedding: str, task: str, reads: str) -> None:
    """Raises UserError where the embedding does not fit a task that reads "tokens" or "numbers"."""
    if embedding not in EMBEDDINGS[reads]:
        fitting = ", ".join(EMBEDDINGS[reads])
        raise UserError(f"embedding={embedding} does not fit task={task}, which reads {reads}: use one of {fitting}")
