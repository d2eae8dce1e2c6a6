"""Which embeddings fit a task. No torch here: the check runs before anything heavy is imported."""

from unrolled.errors import UserError

EMBEDDINGS = {
    "tokens": ("trainable", "frozen", "onehot", "pretrained"),
    "numbers": ("none",),
}


def check_embedding(embedding: str, task: str, reads: str) -> None:
    """Raises UserError if an embedding does not fit a task.

    embedding, task: names of choices, as in conf/.
    reads: "tokens" or "numbers", the input of the task.
    """
    if embedding not in EMBEDDINGS[reads]:
        fitting = ", ".join(EMBEDDINGS[reads])
        raise UserError(f"embedding={embedding} does not fit task={task}, which reads {reads}: use one of {fitting}")
