"""A network from scratch in NumPy: layers that go forward, hand a gradient back, and hand relevance back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lrp_edu.arrays import Array, finite_array
from lrp_edu.dense import Redistribution, redistribute, relprop_dense
from lrp_edu.files import whole_file
from lrp_edu.rules import Rule

# Layers


@dataclass
class Linear:
    """A dense layer, z_k = Σ_j x_j w_jk + b_k, with weight of shape (inputs, outputs) and bias of shape (outputs,)."""

    weight: Array
    bias: Array

    def __post_init__(self) -> None:
        # Copies: training changes them in place.
        self.weight = finite_array(self.weight, "weight", ("inputs", "outputs")).copy()
        self.bias = finite_array(self.bias, "bias", (self.weight.shape[1],)).copy()

    def forward(self, x: Array) -> Array:
        """From inputs (n, inputs) to outputs (n, outputs)."""
        return finite_array(x, "x", ("n", len(self.weight))) @ self.weight + self.bias

    def gradprop(self, x: Array, gradient: Array) -> Array:
        """g_j = Σ_k w_jk g_k, from the gradient at the outputs (n, outputs) to that at the inputs (n, inputs).

        It does not depend on the inputs `x`, which are there because other layers need them.
        """
        return finite_array(gradient, "gradient", (len(x), len(self.bias))) @ self.weight.T

    def relprop(self, x: Array, relevance: Array, rule: Rule) -> Array:
        """From the relevance of the outputs to the relevance of the inputs."""
        return relprop_dense(x, self.weight, self.bias, relevance, rule)


class ReLU:
    """The rectifier, a_j = max(0, z_j). Relevance passes through it unchanged."""

    def forward(self, x: Array) -> Array:
        """From z to max(0, z)."""
        return np.maximum(0, finite_array(x, "x"))

    def gradprop(self, x: Array, gradient: Array) -> Array:
        """The gradient goes on where the neuron was active, and stops where it was silent."""
        return finite_array(gradient, "gradient", np.shape(x)) * (np.asarray(x) > 0)

    def relprop(self, x: Array, relevance: Array) -> Array:
        """The relevance, as it came."""
        return relevance


class Step(NamedTuple):
    """One layer on the way back: where relevance entered, what it was made of, and where it went."""

    name: str
    layer: Linear | ReLU
    layer_input: Array  # (n, inputs)
    rule: Rule | None  # None where the layer has no weights and relevance passes through
    entered: Array  # (n, outputs)
    left: Redistribution


@dataclass(frozen=True)
class Snapshot:
    """What `Network.fit` reports after each epoch: the mean loss of its batches, and of the network as it is then the
    accuracy, the weights of each layer and their gradients over all training data."""

    epoch: int
    loss: float
    accuracy: float
    weights: list[Array]
    gradients: list[Array]


@dataclass
class Network:
    """Layers in a row. Every method is a pure function of its arguments but `fit`, which changes the weights."""

    layers: list[Linear | ReLU]

    def __post_init__(self) -> None:
        strangers = [layer for layer in self.layers if not isinstance(layer, (Linear, ReLU))]
        if strangers or not self.linear_layers:
            raise ValueError(f"layers: got {self.layers}; expected Linear and ReLU layers, at least one of them Linear")
        for lower, upper in pairwise(self.linear_layers):
            if lower.weight.shape[1] != upper.weight.shape[0]:
                raise ValueError(
                    f"layers: weights of shapes {lower.weight.shape} and {upper.weight.shape} follow each other; "
                    "the outputs of one must be the inputs of the next"
                )

    @classmethod
    def random(cls, sizes: Sequence[int], rng: np.random.Generator) -> Network:
        """An untrained network: `sizes` (64, 48, 10) makes Linear 64→48, ReLU, Linear 48→10.

        The weights are normal with variance 2 / inputs (He et al. 2015), the biases zero.
        """
        _check_generator(rng)
        if not isinstance(sizes, (tuple, list)) or len(sizes) < 2 or not all(_is_whole(size) for size in sizes):
            raise ValueError(f"sizes: got {sizes!r}; expected at least an input and an output size, whole numbers ≥ 1")
        layers: list[Linear | ReLU] = []
        for inputs, outputs in pairwise(sizes):
            weight = rng.normal(0, np.sqrt(2 / inputs), size=(inputs, outputs))
            layers += [Linear(weight, np.zeros(outputs)), ReLU()]
        return cls(layers[:-1])

    @property
    def linear_layers(self) -> list[Linear]:
        """The layers that have weights, from the input up."""
        return [layer for layer in self.layers if isinstance(layer, Linear)]

    def activations(self, x: Any) -> list[Array]:
        """The input, and what each layer made of it: one array more than there are layers; the last are the logits."""
        reached = [finite_array(x, "x", ("n", len(self.linear_layers[0].weight)))]
        for layer in self.layers:
            reached.append(layer.forward(reached[-1]))
        return reached

    def forward(self, x: Any) -> Array:
        """The logits, shape (n, classes), of inputs of shape (n, inputs)."""
        return self.activations(x)[-1]

    def gradprop(self, x: Any, start: Any) -> Array:
        """The gradient of Σ_k start_k · logit_k with respect to the inputs, shape (n, inputs)."""
        reached = self.activations(x)
        gradient = finite_array(start, "start", reached[-1].shape)
        for layer, layer_input in zip(reversed(self.layers), reversed(reached[:-1]), strict=True):
            gradient = layer.gradprop(layer_input, gradient)
        return gradient

    def relprop(self, x: Any, start: Any, rules: Rule | Sequence[Rule]) -> Array:
        """The relevance of the inputs, shape (n, inputs).

        Args:
            x: inputs, shape (n, inputs).
            start: relevance of the logits, shape (n, classes); `targets` makes it.
            rules: one rule for all layers with weights, or one for each, from the input up.

        Raises:
            TypeError, ValueError: an argument that is not finite or of the wrong shape, or rules that do not fit.
        """
        *_, last = self.relevance_steps(x, start, rules)
        return last.left.relevance

    def relevance_steps(self, x: Any, start: Any, rules: Rule | Sequence[Rule]) -> Iterator[Step]:
        """The way back, layer by layer from the logits to the input; arguments as for `relprop`."""
        reached = self.activations(x)
        relevance = finite_array(start, "start", reached[-1].shape)
        rule_of = self._rule_of_each_layer(rules)
        for index in reversed(range(len(self.layers))):
            layer, layer_input, rule = self.layers[index], reached[index], rule_of[index]
            if isinstance(layer, Linear) and rule is not None:
                left = redistribute(layer_input, layer.weight, layer.bias, relevance, rule)
            else:
                left = Redistribution(relevance, np.zeros(len(relevance)), np.zeros(len(relevance)))
            yield Step(f"{type(layer).__name__} {index + 1}", layer, layer_input, rule, relevance, left)
            relevance = left.relevance

    def _rule_of_each_layer(self, rules: Rule | Sequence[Rule]) -> list[Rule | None]:
        """One entry for each layer: its rule, or None where it has no weights."""
        weighted = len(self.linear_layers)
        given = [rules] * weighted if isinstance(rules, Rule) else rules
        if not isinstance(given, (list, tuple)) or not all(isinstance(rule, Rule) for rule in given):
            raise TypeError(f"rules: got {rules!r}; expected a rule object such as rules.Epsilon(), or a list of them")
        if len(given) != weighted:
            raise ValueError(f"rules: got {len(given)} rules for {weighted} layers with weights; give one for each")
        remaining = iter(given)
        return [next(remaining) if isinstance(layer, Linear) else None for layer in self.layers]

    # Training

    def gradients(self, x: Array, labels: Array) -> tuple[float, list[tuple[Array, Array]]]:
        """The mean cross-entropy of the labelled inputs, and its gradient for each layer's (weight, bias).

        Args:
            x: inputs, shape (n, inputs).
            labels: the right class of each, whole numbers, shape (n,).
        """
        reached = self.activations(x)
        labels = _labels(labels, *reached[-1].shape)
        log_probability = log_softmax(reached[-1])
        rows = np.arange(len(x))
        loss = -float(log_probability[rows, labels].mean())
        gradient = np.exp(log_probability)
        gradient[rows, labels] -= 1
        gradient /= len(x)
        found = []
        for layer, layer_input in zip(reversed(self.layers), reversed(reached[:-1]), strict=True):
            if isinstance(layer, Linear):
                found.append((layer_input.T @ gradient, gradient.sum(axis=0)))
            gradient = layer.gradprop(layer_input, gradient)
        return loss, found[::-1]

    def accuracy(self, x: Any, labels: Any) -> float:
        """The fraction of inputs whose largest logit is their label's."""
        logits = self.forward(x)
        if len(logits) == 0:
            raise ValueError("x: got no inputs; expected at least one")
        return float(np.mean(logits.argmax(axis=1) == _labels(labels, *logits.shape)))

    def fit(
        self,
        x: Any,
        labels: Any,
        rng: np.random.Generator,
        epochs: int = 40,
        batch_size: int = 32,
        learning_rate: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 1e-2,
        on_epoch: Callable[[Snapshot], None] | None = None,
    ) -> list[float]:
        """Train by stochastic gradient descent with momentum on mini-batches, under a progress bar.

        velocity ← momentum · velocity − learning_rate · gradient;  weight ← weight + velocity. The learning rate falls
        to zero along half a cosine.

        Args:
            x: inputs, shape (n, inputs).
            labels: the right class of each, whole numbers, shape (n,).
            rng: decides the order of the batches.
            epochs: how often each input is seen.
            batch_size: how many inputs each step looks at.
            learning_rate: how far the first steps go downhill.
            momentum: how much of the last step is kept in the next, from 0 to below 1.
            weight_decay: strength of the pull of the weights towards zero; weights that nobody needs fade away.
            on_epoch: called with a `Snapshot` after each epoch.

        Returns:
            The loss curve: the mean cross-entropy of each epoch's batches.

        Raises:
            TypeError, ValueError: an argument that is not in its range, or a loss that is no longer finite; the network
                is then as it was before.
        """
        from tqdm.auto import trange

        for name, whole in (("epochs", epochs), ("batch_size", batch_size)):
            if not _is_whole(whole):
                raise ValueError(f"{name}: got {whole!r}; expected a whole number ≥ 1")
        limits = {"learning_rate": np.inf, "momentum": 1.0, "weight_decay": np.inf}
        for name, rate in zip(limits, (learning_rate, momentum, weight_decay), strict=True):
            if not isinstance(rate, (int, float)) or not 0 <= rate < limits[name]:
                raise ValueError(f"{name}: got {rate!r}; expected a number from 0 to below {limits[name]:g}")
        _check_generator(rng)
        x = finite_array(x, "x", ("n", len(self.linear_layers[0].weight)))
        labels = _labels(labels, len(x), self.linear_layers[-1].weight.shape[1])
        if len(x) == 0:
            raise ValueError("x: got no inputs; expected at least one to learn from")
        parameters = [parameter for layer in self.linear_layers for parameter in (layer.weight, layer.bias)]
        before = [parameter.copy() for parameter in parameters]
        velocities = [np.zeros_like(parameter) for parameter in parameters]
        steps_in_all = epochs * -(-len(x) // batch_size)
        step, curve = 0, []
        # tqdm's notebook bar overlooks this variable of its own, by which stored lessons keep free of bars
        progress = trange(epochs, desc="training", unit="epoch", disable=bool(os.environ.get("TQDM_DISABLE")))
        for epoch in progress:
            losses = []
            for batch in np.split(rng.permutation(len(x)), range(batch_size, len(x), batch_size)):
                try:
                    loss, gradients = self.gradients(x[batch], labels[batch])
                except ValueError:  # the last step made activations overflow
                    for parameter, old in zip(parameters, before, strict=True):
                        parameter[:] = old
                    reason = f"learning_rate: {learning_rate} is too large, the weights grew without bound"
                    raise ValueError(reason) from None
                rate = learning_rate * (1 + np.cos(np.pi * step / steps_in_all)) / 2
                slopes = [slope for pair in gradients for slope in pair]
                for parameter, velocity, slope in zip(parameters, velocities, slopes, strict=True):
                    velocity *= momentum
                    velocity -= rate * (slope + weight_decay * parameter * (parameter.ndim == 2))
                    parameter += velocity
                losses.append(loss)
                step += 1
            curve.append(float(np.mean(losses)))
            progress.set_postfix(loss=f"{curve[-1]:.4f}")
            if on_epoch is not None:
                weights = [layer.weight.copy() for layer in self.linear_layers]
                slopes_now = [weight_slope for weight_slope, _ in self.gradients(x, labels)[1]]
                on_epoch(Snapshot(epoch + 1, curve[-1], self.accuracy(x, labels), weights, slopes_now))
        return curve

    # On disk

    def save(self, path: str | Path) -> None:
        """Write the network to an .npz file; a file that is there is replaced only once the new one is whole."""
        arrays: dict[str, Any] = {"layers": np.array([type(layer).__name__ for layer in self.layers])}
        for number, layer in enumerate(self.linear_layers):
            arrays[f"weight_{number}"], arrays[f"bias_{number}"] = layer.weight, layer.bias
        with whole_file(Path(path)) as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read a network that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not a whole network.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                kinds = [str(kind) for kind in stored["layers"]]
                numbers = iter(range(len(kinds)))
                return cls([_stored_layer(kind, stored, numbers) for kind in kinds])
        except FileNotFoundError:
            raise
        except Exception as error:
            raise ValueError(f"{path}: not a network written by Network.save ({error!r})") from error


def _stored_layer(kind: str, stored: Any, numbers: Iterator[int]) -> Linear | ReLU:
    if kind == "ReLU":
        return ReLU()
    number = next(numbers)
    return Linear(stored[f"weight_{number}"], stored[f"bias_{number}"])


def log_softmax(logits: Array) -> Array:
    """log p_c = z_c − log Σ_c' exp(z_c'), computed without overflow."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _is_whole(number: Any) -> bool:
    """Whether it is a whole number ≥ 1."""
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool) and bool(number >= 1)


def _check_generator(rng: Any) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: got {rng!r}; expected a generator such as numpy.random.default_rng(0)")


def _labels(labels: Any, count: int, classes: int) -> Array:
    found = np.asarray(labels)
    if found.shape != (count,) or found.dtype.kind not in "iu":
        raise ValueError(f"labels: got {found.dtype} of shape {found.shape}; expected {count} whole numbers")
    if count and (found.min() < 0 or found.max() >= classes):
        raise ValueError(f"labels: got classes from {found.min()} to {found.max()}; expected 0 to {classes - 1}")
    return found
