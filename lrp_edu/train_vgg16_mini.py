"""Train the network that the package ships: `python -m lrp_edu.train_vgg16_mini`.

VGG16 at an eighth of its width learns `data.shapes`. No picture is ever seen twice: each step draws new ones, half of
them with one object and half with two.

What it learns is, for each class by itself, whether the class is there: a sigmoid on each logit, with binary
cross-entropy. The softmax that `models.vgg16_mini` ends in comes back afterwards. Under a softmax only differences of
logits count, and a network may well say "star" by finding no circle; a logit that was trained alone is evidence for its
class, so that with two objects in a picture a heatmap can ask for the one or for the other.

Tried on 400 pictures with four composites: the margin between both classes puts more relevance on its own object than
on the other in 41 to 42 % of them after training with a softmax, and in 92 to 99 % after this.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from lrp_edu import data, models
from lrp_edu.arrays import Array
from lrp_edu.files import whole_file

NEEDED = 0.98  # of the held-out pictures with one object, or nothing is written
HELD_OUT_SEED = 2_000_000

_STEPS_AN_EPOCH = 128
_SINGLES, _PAIRS = 64, 64  # pictures a step
_AT_ONCE = 1000  # held-out pictures in memory
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 0.05


class Accuracy(NamedTuple):
    """On pictures that were not trained on."""

    singles: float  # part of the pictures with one object of which the top class is right
    pairs: float  # part of the pictures with two objects of which the two top classes are right


def train(model: Any, epochs: int, seed: int) -> None:
    """Fit a Keras model, in place, and print a line each epoch.

    Args:
        model: takes pictures (n, 64, 64, 3) and ends in a layer with a softmax over the classes, (n, 6).
        epochs: how many times 128 steps of 128 new pictures.
        seed: of the pictures; the model's own weights are drawn by who builds it.
    """
    import keras
    from tqdm.auto import tqdm

    steps = epochs * _STEPS_AN_EPOCH
    warm_up = min(_STEPS_AN_EPOCH, steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, warmup_target=_LEARNING_RATE, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY, clipnorm=1.0)
    last = model.layers[-1]
    softmax, last.activation = last.activation, keras.activations.sigmoid
    try:
        model.compile(optimizer, "binary_crossentropy")
        with tqdm(total=steps, unit="step") as progress:
            losses: list[float] = []
            for step, (images, present) in enumerate(_batches(seed, steps), start=1):
                losses.append(float(model.train_on_batch(images, present)))
                progress.update()
                if step % _STEPS_AN_EPOCH == 0:
                    progress.write(f"epoch {step // _STEPS_AN_EPOCH} of {epochs}: loss {np.mean(losses):.5f}")
                    losses.clear()
    finally:
        last.activation = softmax
        model.compile()  # forget what was compiled with the sigmoid


def _batches(seed: int, steps: int) -> Iterator[tuple[Array, Array]]:
    """What `_batch` draws for each step; the pictures of the next step are drawn while this one is learned."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(_batch, seed, 0)
        for step in range(1, steps + 1):
            ready, coming = coming, pool.submit(_batch, seed, step)
            yield ready.result()


def _batch(seed: int, step: int) -> tuple[Array, Array]:
    """New pictures (128, 64, 64, 3), and for each class whether it is there, 1 or 0, (128, 6) float32."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(step,)))
    one, two = data.shapes(_SINGLES, rng), data.shapes(_PAIRS, rng, objects=2)
    one_hot = np.eye(len(one.class_names), dtype=np.float32)
    present = np.concatenate([one_hot[one.labels], one_hot[two.labels].sum(axis=1)])
    return np.concatenate([one.images, two.images]), present


def measure(model: Any, n: int, seed: int = HELD_OUT_SEED) -> Accuracy:
    """The accuracy on n new pictures with one object and n with two, which the numbers seed and seed + 1 draw."""
    right = np.zeros(2, int)
    single, double = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    for begin in range(0, n, _AT_ONCE):
        count = min(_AT_ONCE, n - begin)
        one, two = data.shapes(count, single), data.shapes(count, double, objects=2)
        top = model.predict(one.images, batch_size=250, verbose=0).argmax(axis=1)
        best_two = model.predict(two.images, batch_size=250, verbose=0).argsort(axis=1)[:, -2:]
        both = np.sort(best_two, axis=1) == np.sort(two.labels, axis=1)
        right += (top == one.labels).sum(), both.all(axis=1).sum()
    return Accuracy(*(right / n).tolist())


def save(model: Any, path: Path) -> None:
    """Write the weights as NAME/kernel and NAME/bias in half precision; the file is whole or is not there."""
    arrays = {
        f"{layer.name}/{weight.name}": weight.numpy().astype(np.float16)
        for layer in model.layers
        for weight in layer.weights
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays)


def main(
    output: Annotated[Path, typer.Option(help="Where the weights go.")] = models.SHIPPED,
    epochs: Annotated[int, typer.Option(min=1, help="How many times 16,384 new pictures.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights and of the pictures.")] = 0,
    held_out: Annotated[int, typer.Option(min=1, help="How many new pictures measure the accuracy.")] = 10_000,
) -> None:
    """Train vgg16_mini on coloured shapes, say how good it is on new ones, and write its weights."""
    model = models.vgg16_mini(weights=None, seed=seed)
    train(model, epochs, seed)
    # What is measured is what is written: weights in half precision.
    model.set_weights([weight.astype(np.float16) for weight in model.get_weights()])
    reached = measure(model, held_out)
    print(f"On {held_out} held-out pictures with one object, the top class is right in {reached.singles:.2%}.")
    print(f"On {held_out} held-out pictures with two, the two top classes are right in {reached.pairs:.2%}.")
    if reached.singles < NEEDED:
        print(f"That is less than {NEEDED:.0%}: {output} is left as it was. Train for more epochs.")
        raise typer.Exit(1)
    save(model, output)
    print(f"Written to {output}.")


if __name__ == "__main__":
    typer.run(main)
