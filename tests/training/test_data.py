import torch

from unrolled.training.data import EpochBatches


def batches(seed: int, epoch: int, n: int = 103, size: int = 10) -> list[torch.Tensor]:
    sampler = EpochBatches(n, size, seed)
    sampler.set_epoch(epoch)
    return list(sampler)


def test_an_epoch_visits_every_example_once() -> None:
    drawn = batches(0, 0)
    assert sorted(torch.cat(drawn).tolist()) == list(range(103))
    assert [len(b) for b in drawn] == [10] * 10 + [3]
    assert len(EpochBatches(103, 10, 0)) == 11


def test_the_order_is_a_pure_function_of_seed_and_epoch() -> None:
    first = torch.cat(batches(0, 3))
    torch.rand(7)  # the global generator has no say
    assert torch.equal(first, torch.cat(batches(0, 3)))
    assert not torch.equal(first, torch.cat(batches(0, 4)))
    assert not torch.equal(first, torch.cat(batches(1, 3)))
