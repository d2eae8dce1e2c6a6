"""What a task and an embedding must agree on. No torch here: it is asked before anything heavy is imported."""

from unrolled.errors import UserError

EMBEDDINGS = {
    "tokens": ("trainable", "frozen", "onehot", "pretrained"),
    "numbers": ("none",),
}


def check_embedding(embedding: str, task: str, reads: str) -> None:
    """Raises UserError if the embedding does not fit a task that reads "tokens" or "numbers"."""
    if embedding not in EMBEDDINGS[reads]:
        fitting = ", ".join(EMBEDDINGS[reads])
        raise UserError(f"embedding={embedding} does not fit task={task}, which reads {reads}: use one of {fitting}")
