import torch

from unrolled.tasks.data import Split, Stream
from unrolled.training.data import Epochs


def examples(n: int) -> Split:
    return Split(x=torch.arange(n).unsqueeze(1), mask=torch.ones(n, 1, dtype=torch.bool), y=torch.arange(n))


def batches(seed: int, epoch: int, n: int = 103, size: int = 10) -> list[torch.Tensor]:
    loader = Epochs(examples(n), size, seed)
    loader.set_epoch(epoch)
    return [batch.y for batch in loader]


def test_an_epoch_visits_every_example_once() -> None:
    drawn = batches(0, 0)
    assert sorted(torch.cat(drawn).tolist()) == list(range(103))
    assert [len(b) for b in drawn] == [10] * 10 + [3]
    assert len(Epochs(examples(103), 10, 0)) == 11


def test_the_order_is_a_pure_function_of_seed_and_epoch() -> None:
    first = torch.cat(batches(0, 3))
    torch.rand(7)  # the global generator has no say
    assert torch.equal(first, torch.cat(batches(0, 3)))
    assert not torch.equal(first, torch.cat(batches(0, 4)))
    assert not torch.equal(first, torch.cat(batches(1, 3)))


def test_an_epoch_is_gone_on_with_where_it_was_left() -> None:
    loader = Epochs(examples(25), 10, seed=0)
    loader.set_epoch(2)
    whole = list(loader)
    assert loader.state_dict() == {"given": 0}  # the next epoch begins at its beginning
    begun = iter(loader)
    next(begun)
    later = Epochs(examples(25), 10, seed=0)
    later.load_state_dict(loader.state_dict())
    later.set_epoch(2)
    assert [batch.y.tolist() for batch in later] == [batch.y.tolist() for batch in whole[1:]]
    assert len(list(later)) == 3


def test_new_examples_are_a_pure_function_of_seed_and_epoch() -> None:
    def make(n: int, generator: torch.Generator) -> Split:
        return Split(
            x=torch.rand(n, 1, 1, generator=generator), mask=torch.ones(n, 1, dtype=torch.bool), y=torch.ones(n)
        )

    drawn = []
    for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0)):
        loader = Epochs(Stream(make, samples=5, seed=seed), 2, seed)
        loader.set_epoch(epoch)
        drawn.append(torch.cat([batch.x for batch in loader], dim=1))
    assert torch.equal(drawn[0], drawn[1])
    assert drawn[0].unique().numel() == 5
    assert not torch.equal(drawn[0], drawn[2]) and not torch.equal(drawn[0], drawn[3])
