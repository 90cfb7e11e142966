"""LRP on any Keras 3 model: the rules of `rules` on every layer of its graph, in about the time of a gradient."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from lrp_edu import composites, keras_rules
from lrp_edu.arrays import Array
from lrp_edu.composites import Composite
from lrp_edu.keras_graph import (
    PADDINGS,
    WEIGHTED,
    Step,
    as_functional,
    checked_images,
    keeps_sign,
    read,
)
from lrp_edu.keras_rules import Evaluated, Passed
from lrp_edu.ledger import Ledger, Row
from lrp_edu.rules import Parts, Rule, ZBox
from lrp_edu.targets import Classes, Logit, Target

Tensor = Any
Pooling = Literal["winner", "proportional", "flat"]


@dataclass(frozen=True)
class Planned:
    """A step with its rule, and what else is known before anything runs."""

    step: Step
    rule: Rule | None
    only_active: bool  # no relevance arrives where the output is ≤ 0

    @property
    def needs_product(self) -> bool:
        """Whether its way back needs what the layer has put out before the bias."""
        known, active = self.step.nonnegative_input, self.only_active
        return self.rule is not None and keras_rules.needs_product(self.rule, known, active)

    @property
    def treatment(self) -> str:
        """The rule's name, or what is done instead."""
        return type(self.rule).__name__ if self.rule is not None else self.step.kind.replace("_", " ")


@dataclass(frozen=True)
class AtLayer:
    """The output of a layer, activation included, and the relevance that arrived there; both of the same shape."""

    activation: Array
    relevance: Array


@dataclass(frozen=True)
class Explanation:
    """What LRP found for a batch of images."""

    relevance: Array  # the shape of the images; float32, unless the model was made for another precision
    logits: Array  # (n, classes)
    target: Target
    start: Array  # (n, classes): the relevance that LRP started from
    _explainer: LRP
    _images: Array

    def ledger(self) -> Ledger:
        """Where the relevance went, layer by layer, summed over the batch."""
        return self._explainer.books(self._images, self.start)

    def layers(self) -> dict[str, AtLayer]:
        """What each layer put out and what relevance arrived there, by name, from the input up."""
        return self._explainer.layers(self._images, self.start)


class LRP:
    """Explains the outputs of a Keras 3 model by Layer-wise Relevance Propagation.

        explainer = LRP(model, "epsilon_plus")
        explanation = explainer(images)

    The model's weights, outputs and training flag are left as they are, and no weight is copied.

    Args:
        model: Sequential or functional, nested models included, with one input and one output.
        composite: a preset's name (`composites.PRESETS`) or a Composite.
        pooling: max-pooling hands relevance to the "winner", in proportion to the inputs ("proportional"), or in equal
            shares ("flat").
        rules: layer name → rule, in place of the composite's, wherever the layer is used; "dense (use 2)" means its
            second use alone. "pass" hands relevance on as it came, for a layer whose output has its input's shape.
        bias: "ignore" leaves the bias out of every rule of the composite.

    Raises:
        TypeError, ValueError: a model that cannot be read, an unknown composite, a rule for a layer that does not
            exist, a layer without a rule; each named, with what to do.
    """

    def __init__(
        self,
        model: Any,
        composite: str | Composite = "epsilon_plus",
        *,
        pooling: Pooling = "winner",
        rules: Mapping[str, Rule | Literal["pass"]] | None = None,
        bias: Literal["keep", "ignore"] = "keep",
    ) -> None:
        if pooling not in ("winner", "proportional", "flat"):
            raise ValueError(f'pooling: got {pooling!r}; expected "winner", "proportional" or "flat"')
        if bias not in ("keep", "ignore"):
            raise ValueError(f'bias: got {bias!r}; expected "keep" or "ignore"')
        if isinstance(composite, str):
            composite = composites.get(composite)
        if not isinstance(composite, Composite):
            raise TypeError(f"composite: got {composite!r}; expected a name or a composite from lrp_edu.composites")
        if bias == "ignore":
            composite = composite.with_bias("ignore")
        self.pooling = pooling
        self._input = as_functional(model).inputs[0]
        self._plan = _plan(read(model), composite, {} if rules is None else rules, pooling)
        self._target: Target = Logit()
        self._refusal: Exception | None = None

    @cached_property
    def _explain(self) -> Any:
        """Traced when first used, once for every batch size."""
        return _traced(self._explained, tf.TensorSpec([None, *self._input.shape[1:]], self._input.dtype))

    def __call__(self, images: Any, target: Target | Classes = None) -> Explanation:
        """Explain a batch of images.

        Args:
            images: in the shape and on the scale that the model takes.
            target: None for the top class of each image, an int, a list with one class for each image, or one of
                `lrp_edu.targets`.
        """
        checked = self._checked(images)
        self._target = target if isinstance(target, Target) else Logit(target)
        self._refusal = None
        relevance, logits, start = self._explain(checked)
        if self._refusal is not None:
            raise self._refusal
        return Explanation(relevance.numpy(), logits.numpy(), self._target, start.numpy(), self, checked)

    def relevance(self, images: Tensor, start: Tensor) -> Tensor:
        """The relevance of the images, given the relevance (n, classes) of the logits; tensors in, tensor out."""
        images, start = (tf.convert_to_tensor(values, self._input.dtype) for values in (images, start))
        return self._backward(*self._forward(images), start)[0]

    def books(self, images: Any, start: Any) -> Ledger:
        """The ledger of one explanation; arguments as for `relevance`."""
        return self.relevance_and_books(images, start)[1]

    def relevance_and_books(self, images: Any, start: Any) -> tuple[Array, Ledger]:
        """`relevance` and `books` in one run. Nothing is traced, which is quicker where an explainer is used once."""
        arrived, rows = self._backward(*self._forward(self._checked(images)), tf.cast(start, self._input.dtype))
        named = [
            Row(planned.step.name, planned.treatment, *(float(value) for value in numbers))
            for planned, numbers in zip(reversed(self._plan), rows, strict=True)
        ]
        relevance = arrived.numpy()
        return relevance, Ledger(tuple(named), start=float(np.sum(start)), arrived=float(relevance.sum()))

    def logits(self, images: Any) -> Array:
        """The logits (n, classes) of the images."""
        values, _ = self._forward(self._checked(images))
        return values[self._plan[-1].step.output].numpy()

    def layers(self, images: Any, start: Any) -> dict[str, AtLayer]:
        """Each layer of one explanation, from the input up; arguments as for `relevance`."""
        values, linear_parts = self._forward(self._checked(images))
        relevance: dict[int, Tensor] = {}
        relevance[0], _ = self._backward(values, linear_parts, tf.cast(start, self._input.dtype), relevance)
        names = {0: self._input._keras_history.operation.name}
        names |= {planned.step.output: planned.step.name for planned in self._plan}
        return {name: AtLayer(values[number].numpy(), relevance[number].numpy()) for number, name in names.items()}

    def summary(self) -> None:
        """Print one row a layer: what will be done, before anything is run."""
        heads = ("layer", "kind", "rule", "input ≥ 0", "notes")
        lines = [
            (
                planned.step.name,
                planned.step.kind.replace("_", " "),
                _in_one_line(planned.rule) if planned.rule is not None else _without_rule(planned.step, self.pooling),
                "yes" if planned.step.nonnegative_input else "no",
                ", ".join(planned.step.notes),
            )
            for planned in self._plan
        ]
        widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(len(heads))]
        for line in (heads, tuple("-" * width for width in widths), *lines):
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    # The walk

    def _explained(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        values, linear_parts = self._forward(images)
        logits = values[self._plan[-1].step.output]
        explainer = weakref.proxy(self)  # TensorFlow keeps this function for good, which must not keep the network.
        start = tf.numpy_function(lambda values: explainer._start(values), [logits], logits.dtype)
        start.set_shape(logits.shape)
        return self._backward(values, linear_parts, start)[0], logits, start

    def _start(self, logits: Array) -> Array:
        """The start relevance; an error is kept for `__call__` to raise, or TensorFlow would raise its own."""
        try:
            return self._target.start(logits).astype(logits.dtype)
        except (TypeError, ValueError) as refusal:
            self._refusal = refusal
            return np.zeros_like(logits)

    def _forward(self, images: Tensor) -> tuple[dict[int, Tensor], dict[int, Evaluated]]:
        """The value of each tensor of the graph, and the linear part behind it where there is one."""
        values, linear_parts = {0: images}, {}
        for planned in self._plan:
            step = planned.step
            inputs = [values[number] for number in step.inputs]
            linear = None if step.linear is None else step.linear.evaluated(inputs[0])
            values[step.output] = step.value(inputs, linear)
            if linear is not None:
                linear_parts[step.output] = linear if planned.needs_product else linear._replace(without_bias=None)
        return values, linear_parts

    def _backward(
        self,
        values: dict[int, Tensor],
        linear_parts: dict[int, Evaluated],
        start: Tensor,
        seen: dict[int, Tensor] | None = None,
    ) -> tuple[Tensor, list[list[Tensor]]]:
        """The relevance of the input, and for each layer on the way down (entered, left, bias, stabiliser).

        What entered each layer is also put into `seen`, by the number of its output, where that is wanted.
        """
        relevance: dict[int, Tensor] = {self._plan[-1].step.output: start}
        rows = []
        for planned in reversed(self._plan):
            step = planned.step
            entered = relevance.pop(step.output)
            inputs = [values[number] for number in step.inputs]
            if seen is None:
                del values[step.output]  # and its linear part below: untraced, memory falls on the way down
            else:
                seen[step.output] = entered
            passed = self._passed(planned, inputs, linear_parts.pop(step.output, None), entered)
            for number, part in zip(step.inputs, passed, strict=True):
                relevance[number] = relevance[number] + part.relevance if number in relevance else part.relevance
            rows.append(
                [
                    tf.reduce_sum(entered),
                    tf.add_n([tf.reduce_sum(part.relevance) for part in passed]),
                    tf.add_n([tf.reduce_sum(part.bias) for part in passed]),
                    tf.add_n([tf.reduce_sum(part.stabiliser) for part in passed]),
                ]
            )
        return relevance[0], rows

    def _passed(
        self, planned: Planned, inputs: list[Tensor], linear: Evaluated | None, relevance: Tensor
    ) -> list[Passed]:
        """What each input of a step gets."""
        step, x = planned.step, inputs[0]
        if planned.rule is not None and linear is not None:
            rule, known, active = planned.rule, step.nonnegative_input, planned.only_active
            return [keras_rules.redistribute(linear, relevance, rule, known, active)]
        if step.kind == "max_pool":
            return [keras_rules.max_pool(step.layer, x, relevance, self.pooling)]
        if step.kind == "average_pool":
            return [keras_rules.average_pool(step.layer, x, relevance)]
        if step.kind == "add":
            return keras_rules.add(inputs, relevance)
        if step.kind == "rearrange":
            return _rearranged(step, inputs, relevance)
        if not x.shape.is_compatible_with(relevance.shape):
            raise ValueError(
                f"LRP: layer {step.name!r} ({type(step.layer).__name__}) makes {tuple(relevance.shape[1:])} of "
                f"{tuple(x.shape[1:])}, so its relevance cannot pass as it is; give it a rule, or cut the model before "
                "it"
            )
        return [keras_rules.unchanged(relevance, relevance)]

    def _checked(self, images: Any) -> Tensor:
        """The images as a tensor, or an error that says what does not fit."""
        array = checked_images(self._input, images)
        for planned in self._plan:
            if isinstance(planned.rule, ZBox) and planned.step.is_first:
                planned.rule.check_input(array)
        return tf.convert_to_tensor(array)


def _traced(function: Callable[..., Any], *signature: tf.TensorSpec) -> Any:
    # Without AutoGraph, as Keras calls its layers: there is no branch to translate, and looking for one takes seconds.
    return tf.function(function, input_signature=signature, autograph=False).get_concrete_function()


def _in_one_line(rule: Rule) -> str:
    """The rule as it was made, with arrays named by their shape alone."""
    given = ((part.name, getattr(rule, part.name)) for part in fields(rule))
    shown = ((name, f"array{value.shape}" if isinstance(value, np.ndarray) else repr(value)) for name, value in given)
    return f"{type(rule).__name__}({', '.join(f'{name}={value}' for name, value in shown)})"


def _without_rule(step: Step, pooling: str) -> str:
    words = {"max_pool": pooling, "average_pool": "proportional", "add": "proportional"}
    return words.get(step.kind, "passes")


def _rearranged(step: Step, inputs: list[Tensor], relevance: Tensor) -> list[Passed]:
    """Relevance goes back to where each value came from."""
    inputs = [tf.identity(x) for x in inputs]  # apart, should one tensor be given twice
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        y = step.called(inputs)
    passed = tape.gradient(y, inputs, output_gradients=relevance)
    first = keras_rules.unchanged(passed[0], relevance)
    if isinstance(step.layer, PADDINGS):  # what a rule gave to the zeros is lost
        first = first._replace(stabiliser=keras_rules.each_sample(relevance) - keras_rules.each_sample(passed[0]))
    return [first, *(keras_rules.unchanged(part, relevance) for part in passed[1:])]


# The plan


def _plan(
    steps: Sequence[Step], composite: Composite, own_rules: Mapping[str, Rule | Literal["pass"]], pooling: str
) -> list[Planned]:
    """Each step with its rule.

    Raises:
        ValueError, TypeError: an override that is no rule or names no layer, or a layer for which there is no rule.
    """
    if not steps:
        raise ValueError("model: it has no layers, so there is nothing to explain; its output is its input")
    _check_overrides(steps, own_rules)
    ruled = [_ruled(step, composite, own_rules.get(step.name, own_rules.get(step.layer_name))) for step in steps]
    for step, rule in ruled:
        if step.kind == "unknown" or (step.kind in WEIGHTED and rule is None):
            raise ValueError(
                f"LRP: layer {step.name!r} ({type(step.layer).__name__}) has no rule; give one with "
                f'rules={{"{step.name}": ...}}, "pass" to hand its relevance through, or cut the model before it'
            )
    active = _active(ruled, pooling)
    return [Planned(step, rule, only_active) for (step, rule), only_active in zip(ruled, active, strict=True)]


def _ruled(step: Step, composite: Composite, override: Rule | Literal["pass"] | None) -> tuple[Step, Rule | None]:
    if override == "pass":
        return step.noted("passes through", kind="activation", activation=lambda x: step.value([x]), linear=None), None
    if step.kind not in WEIGHTED:
        return step, None
    return step, composite.rule_for(step.kind, step.is_first) if override is None else override


def _check_overrides(steps: Sequence[Step], own_rules: Mapping[str, Any]) -> None:
    if not isinstance(own_rules, Mapping):
        raise TypeError(f'rules: got {own_rules!r}; expected layer name → rule, as in {{"block1_conv1": rules.Flat()}}')
    names = [step.name for step in steps]
    for name, rule in own_rules.items():
        if name not in names:
            near = get_close_matches(str(name), names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ValueError(f"rules: there is no layer {name!r}{hint} The layers are: {', '.join(names)}")
        if not isinstance(rule, Rule) and rule != "pass":
            raise TypeError(f'rules: {name!r} has {rule!r}; expected a rule object such as rules.Epsilon(), or "pass"')
        step = steps[names.index(name)]
        if isinstance(rule, Rule) and step.kind not in WEIGHTED:
            notes = f" ({', '.join(step.notes)})" if step.notes else ""
            raise ValueError(
                f"rules: layer {name!r}{notes} is no dense layer, convolution or batch normalisation, so no rule fits "
                'it; "pass" hands its relevance through'
            )
        if rule == "pass" and len(step.inputs) > 1:
            raise ValueError(
                f"rules: layer {name!r} has {len(step.inputs)} inputs, so its relevance cannot pass as it is; cut the "
                "model before it"
            )


def _active(ruled: Sequence[tuple[Step, Rule | None]], pooling: str) -> list[bool]:
    """For each step whether no relevance can arrive where its output is ≤ 0.

    So it is below a ReLU if all that use its output hand relevance out in proportion to it: then a silent neuron gets
    none, and rules that tell neurons apart by their sign (γ) need not ask.
    """
    in_proportion: dict[int, bool] = {}
    answers = []
    for step, rule in reversed(ruled):
        ends_in_relu = getattr(step.activation, "__name__", "") == "relu" or type(step.layer).__name__ == "ReLU"
        arriving = in_proportion.get(step.output, False)
        answers.append(bool(arriving and (ends_in_relu or _relu_above(step, ruled))))
        proportional = _hands_out_in_proportion(step, rule, pooling, arriving)
        for number in step.inputs:
            in_proportion[number] = in_proportion.get(number, True) and proportional
    return answers[::-1]


def _relu_above(step: Step, ruled: Sequence[tuple[Step, Rule | None]]) -> bool:
    users = [user for user, _ in ruled if step.output in user.inputs]
    return bool(users) and all(
        user.kind == "activation" and getattr(user.activation, "__name__", "") == "relu" for user in users
    )


def _hands_out_in_proportion(step: Step, rule: Rule | None, pooling: str, arriving: bool) -> bool:
    if rule is not None:
        return all(isinstance(term.input, Parts) for group in rule.groups() for term in group.terms)
    if step.kind == "max_pool":
        return pooling == "proportional" or (pooling == "winner" and arriving)
    if step.kind in ("average_pool", "add"):
        return True
    return arriving and keeps_sign(step)
