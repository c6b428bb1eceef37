"""Training with the paper's recipe (section 3.2), on a CPU, a GPU, or several through accelerate.

Every random number of a step is drawn from the seed and the number of the step, never from what came
before: so a run that was killed goes on to exactly the weights it would have had, and runs that differ only
in the loss see the same images, augmented the same way, in the same order.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from dbce.data.augment import Augment
from dbce.data.datasets import Dataset
from dbce.network import DeepSupervisionUnet
from dbce.registry import loss_of
from dbce.tasks import IGNORE, TASKS
from dbce.train import checkpoints, run_files
from dbce.train.recipe import OPTIMIZERS, Recipe, build_loss
from dbce.weights import trusted_labels

Watcher = Callable[[nn.Module, Sequence[dict[str, Any]], bool], object]
"""Of the network in evaluation mode, the lines of the log so far, and whether this is the last look."""

_Answer = TypeVar("_Answer")


def keep_memory() -> bool:
    """Have the C library keep large blocks for the next step instead of giving each back to the system.

    On a CPU every activation is otherwise a fresh mapping, whose pages fault in one by one: most of the time of a step
    with a light network. Numbers do not change.

    Returns:
        Whether the library can do so (glibc can).
    """
    no_mapping, no_trimming = (-4, 0), (-1, -1)  # M_MMAP_MAX, M_TRIM_THRESHOLD of malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library, or Windows
        return False
    return all(mallopt(*option) for option in (no_mapping, no_trimming))


def _step_seed(seed: int, iteration: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, iteration, rank]).generate_state(1)[0])


def _batches(count: int, recipe: Recipe, epoch: int) -> list[np.ndarray]:
    """Global batches of image indices; every image exactly once an epoch, the last batch may be smaller.

    A last image by itself joins the batch before: batch norm has little to go by in one image.
    """
    order = np.random.default_rng([recipe.seed, epoch]).permutation(count)
    starts = list(range(recipe.batch_size, count, recipe.batch_size))
    if starts and starts[-1] == count - 1 and recipe.batch_size > 1:
        starts.pop()
    return np.split(order, starts)


class _Run:
    """One training run: network, optimiser and position, which together can be saved and resumed."""

    def __init__(self, recipe: Recipe, dataset: Dataset, folder: Path, device: str | None, backend: str | None) -> None:
        use_cuda = torch.cuda.is_available() and device != "cpu"
        self.accelerator = Accelerator(cpu=not use_cuda, mixed_precision="bf16" if use_cuda else "no")
        self.recipe, self.folder, self.data = recipe, folder, dataset.fingerprint()
        self.shares = dataset.class_frequencies(TASKS[recipe.task].num_classes)
        self.device = self.accelerator.device
        if not use_cuda:
            keep_memory()
        torch.manual_seed(recipe.seed)
        network = DeepSupervisionUnet(
            recipe.encoder, TASKS[recipe.task].num_classes, encoder_weights=recipe.encoder_weights
        ).to(memory_format=torch.channels_last)
        network.to(self.device)
        optimiser = OPTIMIZERS[recipe.optimizer](network.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
        self.log: list[dict[str, Any]] = []
        self.epoch = self._restore(network, optimiser)
        if backend is not None:
            network.compile(backend=backend)
        self.network, self.optimiser = self.accelerator.prepare(network, optimiser)
        self.augment = Augment(TASKS[recipe.task].mirror).to(self.device) if recipe.augment else None
        self.loss = build_loss(recipe, dataset)
        # the whole set stays on the device as uint8; batches are cut and augmented there
        self.images = torch.from_numpy(dataset.images).to(self.device)
        self.labels = torch.from_numpy(dataset.labels).to(self.device)

    def _restore(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> int:
        """Load the saved state, if any: the number of epochs done."""
        state = run_files.read_state(self.folder)
        if state is None:
            return 0
        given = asdict(self.recipe)
        begun = {**asdict(Recipe()), **state["recipe"]}  # a field that came later had its default
        changed = [f"{k} {begun[k]!r} -> {v!r}" for k, v in given.items() if begun[k] != v]
        if state["data"] != self.data:
            changed.append("other images or labels")
        if changed:
            raise ValueError(
                f"{self.folder} holds a run with other settings ({'; '.join(changed)}); a run resumes only with "
                "the settings it began with. Give the same ones, or another --out."
            )
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        self.log = state["log"]
        return int(state["epoch"])

    def save(self, line: dict[str, Any]) -> None:
        """After an epoch: the state, at once or not at all, then the log, of which the state holds a copy."""
        self.log.append(line)
        if not self.accelerator.is_main_process:
            return
        state = {
            "recipe": asdict(self.recipe),
            "data": self.data,
            "epoch": self.epoch,
            "network": self.accelerator.unwrap_model(self.network).state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "log": self.log,
        }
        run_files.write_state(self.folder, state)
        run_files.write_log(self.folder, self.log)

    def asked(self, ask: Callable[[nn.Module], _Answer]) -> _Answer:
        """What is said of the network as it stands; training goes on as if nothing had been asked."""
        network = self.accelerator.unwrap_model(self.network)
        network.eval()
        try:
            return ask(network)
        finally:
            network.train()

    def step(self, iteration: int, batch: np.ndarray) -> Tensor:
        """One update on one global batch, of which this process takes its share: the mean loss of the share.

        A scalar that stays on the device, so that the device is never waited for.
        """
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        share = batch[rank::world]
        factor = len(share) * world / len(batch)  # the replicas' mean is then the mean over the images
        if len(share) == 0:  # fewer images than processes: take part in the exchange, add nothing
            share = batch[:1]
        torch.manual_seed(_step_seed(self.recipe.seed, iteration, rank))
        index = torch.from_numpy(share).to(self.device)
        images = self.images[index].permute(0, 3, 1, 2).float() / 255  # (n, 3, H, W)
        labels = self.labels[index].long()
        if self.augment is not None:
            images, labels = self.augment(images, labels)
        outputs = self.network(images.contiguous(memory_format=torch.channels_last))
        shared = getattr(self.loss, "shared", None)  # a weight map does not depend on the output: one for all heads
        known = shared(labels, outputs[0].shape[1]) if shared else {}
        loss = torch.stack([self.loss(output, labels, **known) for output in outputs]).sum()
        self.accelerator.backward(loss * factor)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return loss.detach()


@contextmanager
def _deterministic() -> Iterator[None]:
    """cuDNN picks the same kernels every time while training runs."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def train(
    recipe: Recipe,
    dataset: Dataset,
    folder: str | Path,
    *,
    source: str = "",
    device: str | None = None,
    stop_after: int | None = None,
    backend: str | None = None,
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
    validate_every: int = 5,
    watch: Watcher | None = None,
) -> Path | None:
    """Train one network, or go on where an earlier call was killed.

    After every epoch ``state.pt`` and ``log.jsonl`` in the folder are replaced; after the last one
    ``<key of the loss>.safetensors`` is written there.

    Args:
        recipe: what to train.
        dataset: images of ``recipe.size`` with labels.
        folder: where state, log and result go.
        source: name of the training data, for the record.
        device: "cpu" to stay off the GPU.
        stop_after: leave after this many epochs in all (the schedule stays that of ``recipe.epochs``).
        backend: compile the network with this backend of ``torch.compile``, e.g. "inductor"; not at all if None.
        validate: scores a network in evaluation mode, e.g. of `dbce.scores.evaluation.validator`; changes no weight.
        validate_every: epochs from one validation to the next; the last epoch has one in any case.
        watch: is shown the network after every epoch, once at least, e.g. `dbce.offline.watch.WatchPage`; changes no
            weight.

    Returns:
        Path of the checkpoint, or None if ``stop_after`` ended the run before its last epoch.

    Raises:
        ValueError: images of another size, labels that are no class, a folder that holds a run with other settings or
            a damaged one, or in which another process trains.
        OSError: the state cannot be written; the message says why, and what was kept.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if dataset.images.shape[1:3] != (recipe.size, recipe.size):
        raise ValueError(
            f"the data set has images of {dataset.images.shape[1:3]} pixels, the recipe says {recipe.size}; "
            "load it with size=recipe.size."
        )
    largest = dataset.labels[dataset.labels != IGNORE].max(initial=0)
    if largest >= TASKS[recipe.task].num_classes:
        raise ValueError(
            f"the data set has the label {largest}; {recipe.task} has the classes 0 to "
            f"{TASKS[recipe.task].num_classes - 1}. Check that the data belongs to the task."
        )
    with run_files.locked(folder):
        run = _Run(recipe, dataset, folder, device, backend)
        _epochs(run, dataset, stop_after, validate, validate_every, watch)
        if run.epoch < recipe.epochs:
            return None
        path = folder / f"{loss_of(recipe.loss).key}.safetensors"
        if run.accelerator.is_main_process:
            checkpoints.save_checkpoint(
                path, run.accelerator.unwrap_model(run.network), _record(run, dataset, source, backend)
            )
        run.accelerator.wait_for_everyone()
        return path


def _epochs(
    run: _Run,
    dataset: Dataset,
    stop_after: int | None,
    validate: Callable[[nn.Module], dict[str, float]] | None,
    validate_every: int,
    watch: Watcher | None,
) -> None:
    """Train from the epoch that the run has reached to its last, or to ``stop_after``."""
    recipe = run.recipe
    absent = [name for name, share in zip(TASKS[recipe.task].classes, run.shares, strict=True) if share == 0]
    steps = len(_batches(len(dataset), recipe, 0))
    total = recipe.epochs * steps
    last = recipe.epochs if stop_after is None else min(stop_after, recipe.epochs)
    quiet = not run.accelerator.is_main_process
    bar = tqdm(
        total=recipe.epochs * len(dataset),
        initial=run.epoch * len(dataset),
        unit="img",
        desc=loss_of(recipe.loss).key,
        disable=quiet,
        file=sys.stderr,
        mininterval=1.0,
    )
    if absent and not quiet:
        tqdm.write(f"the training set holds no {' and no '.join(absent)}: the network cannot learn it", file=sys.stderr)
    shown_scores = ""  # of the last validation

    def show() -> None:
        look = watch
        if look is not None and not quiet:
            run.asked(lambda network: look(network, run.log, run.epoch >= last))

    if run.epoch >= last:  # nothing is left to train, but perhaps something to see
        show()
    with _deterministic(), trusted_labels(), bar:
        run.network.train()
        while run.epoch < last:
            started = shown = time.perf_counter()
            losses: list[Tensor] = []
            for i, batch in enumerate(_batches(len(dataset), recipe, run.epoch)):
                iteration = run.epoch * steps + i
                lr = recipe.lr * (1 - iteration / total) ** 0.9
                for group in run.optimiser.param_groups:
                    group["lr"] = lr
                losses.append(run.step(iteration, batch))
                if time.perf_counter() - shown > 1:  # looking at a loss waits for the device
                    shown = time.perf_counter()
                    scored = {"dice": shown_scores} if shown_scores else {}
                    bar.set_postfix(epoch=run.epoch + 1, loss=f"{losses[-1].item():.3f}", **scored, refresh=False)
                bar.update(len(batch))
            mean_loss = torch.stack(losses).double().mean().item()
            seconds = time.perf_counter() - started
            run.epoch += 1
            line: dict[str, Any] = {
                "epoch": run.epoch,
                "loss": mean_loss,
                "lr": lr,
                "seconds": round(seconds, 3),
                "images_per_second": round(len(dataset) / seconds, 2),
            }
            due = run.epoch % validate_every == 0 or run.epoch == recipe.epochs
            if validate is not None and due and run.accelerator.is_main_process:
                line["validation"] = {name: round(value, 3) for name, value in run.asked(validate).items()}
                shown_scores = f"{line['validation']['dice']:.1f}"
            run.save(line)
            show()


def _record(run: _Run, dataset: Dataset, source: str, backend: str | None) -> dict[str, Any]:
    """What a checkpoint says of how it was made."""
    recipe = run.recipe
    return {
        **asdict(recipe),
        "encoder_weights": Path(recipe.encoder_weights).name if recipe.encoder_weights else None,
        "data": source,
        "images": len(dataset),
        "class_frequencies": run.shares,
        "torch": torch.__version__.split("+")[0],
        "device": run.device.type,
        **({"compiled": backend} if backend else {}),
    }
