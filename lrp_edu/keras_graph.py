"""A Keras 3 model read as a list of steps, from the input to the logits: what each layer is, and what is done to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import keras
import tensorflow as tf
from keras import layers as kl

from lrp_edu.arrays import Array, finite_array
from lrp_edu.keras_rules import Evaluated

Kind = Literal[
    "dense", "convolution", "batch_norm", "max_pool", "average_pool", "add", "rearrange", "activation", "unknown"
]
WEIGHTED: tuple[Kind, ...] = ("dense", "convolution", "batch_norm")

CONVOLUTIONS = (kl.Conv1D, kl.Conv2D, kl.DepthwiseConv1D, kl.DepthwiseConv2D, kl.SeparableConv1D, kl.SeparableConv2D)
MAX_POOLS = (kl.MaxPooling1D, kl.MaxPooling2D, kl.GlobalMaxPooling1D, kl.GlobalMaxPooling2D)
AVERAGE_POOLS = (kl.AveragePooling1D, kl.AveragePooling2D, kl.GlobalAveragePooling1D, kl.GlobalAveragePooling2D)
# Each output is a copy of one input (or of none): relevance goes back to where the value came from.
REARRANGEMENTS = (
    *(kl.Flatten, kl.Reshape, kl.Permute, kl.RepeatVector, kl.Concatenate, kl.Dropout, kl.SpatialDropout1D),
    *(kl.SpatialDropout2D, kl.GaussianDropout, kl.GaussianNoise, kl.ZeroPadding1D, kl.ZeroPadding2D, kl.Cropping1D),
    *(kl.Cropping2D, kl.UpSampling1D, kl.Identity),
)
PADDINGS = (kl.ZeroPadding1D, kl.ZeroPadding2D)
ACTIVATIONS = (kl.Activation, kl.ReLU, kl.LeakyReLU, kl.PReLU, kl.ELU, kl.Softmax)
# f(0) = 0, and f(x) ≥ 0 for x ≥ 0
SIGN_KEEPING_LAYERS = (kl.ReLU, kl.LeakyReLU, kl.PReLU, kl.ELU)
SIGN_KEEPING_ACTIVATIONS = (
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "hard_silu", "mish", "tanh"),
    *("hard_tanh", "tanh_shrink", "soft_shrink", "hard_shrink", "softsign"),
)
NONNEGATIVE_ACTIVATIONS = ("relu", "relu6", "sigmoid", "hard_sigmoid", "softplus", "softmax", "exponential")
USE = re.compile(r" \(use \d+\)")  # in the name of a step, from the second use of a layer on


@dataclass(frozen=True)
class Linear:
    """The linear part of a layer: y = apply(x, kernel) + bias, with kernel and bias read when they are needed.

    `transposed` leads s, in the shape of y, back through apply; without it the gradient does.
    """

    apply: Callable[[Any, Any], Any]
    kernel: Callable[[], Any]
    bias: Callable[[], Any] | None = None
    transposed: Callable[[Any, Any], Any] | None = None  # of s and the kernel

    def evaluated(self, x: Any) -> Evaluated:
        """The product with the kernel, and what it was made of."""
        kernel = tf.convert_to_tensor(self.kernel())
        bias = None if self.bias is None else tf.convert_to_tensor(self.bias())
        return Evaluated(self.apply, x, kernel, bias, self.apply(x, kernel), self.transposed)


@dataclass(frozen=True)
class Step:
    """One layer on the way up. Tensors are numbered, the input is 0."""

    name: str
    layer: Any
    kind: Kind
    inputs: tuple[int, ...]
    output: int
    called: Callable[[list[Any]], Any]  # the layer, as the model calls it on its inputs when it does not train
    linear: Linear | None = None
    activation: Callable[[Any], Any] | None = None
    nonnegative_input: bool = False  # known from the graph
    is_first: bool = False  # sees the input of the model, through rearrangements at most
    notes: tuple[str, ...] = ()

    @property
    def layer_name(self) -> str:
        """The name without the number of the use, for a layer that is used more than once."""
        return USE.sub("", self.name)

    def value(self, inputs: list[Any], linear: Evaluated | None = None) -> Any:
        """What the step makes of its inputs, with all that was decided: softmax taken off, batch norm folded in.

        Args:
            inputs: tensors.
            linear: its linear part on these inputs, where that is already there.
        """
        if self.linear is not None:
            z = (self.linear.evaluated(inputs[0]) if linear is None else linear).z
        elif self.kind == "activation" and self.activation is not None:
            z = inputs[0]
        else:
            z = self.called(inputs)
        return z if self.activation is None else self.activation(z)

    def noted(self, note: str, **changes: Any) -> Step:
        """The step with some fields changed, and a word on why."""
        return replace(self, notes=(*self.notes, note), **changes)


@dataclass
class _Reader:
    steps: list[Step] = field(default_factory=list)
    tensors: int = 1
    uses: dict[str, int] = field(default_factory=dict)

    def new_tensor(self) -> int:
        self.tensors += 1
        return self.tensors - 1

    def unique(self, name: str) -> str:
        self.uses[name] = self.uses.get(name, 0) + 1
        return name if self.uses[name] == 1 else f"{name} (use {self.uses[name]})"  # as in USE


def read(model: Any) -> list[Step]:
    """The steps of a model, in an order in which they can be run.

    A softmax at the end is taken off, a batch normalisation behind a dense layer or a convolution is folded into it, a
    separable convolution becomes its two parts, and nested models are read through.

    Raises:
        TypeError: `model` is no Keras model, or a subclassed one, whose layers cannot be seen from outside.
        ValueError: it is not built yet, or has several inputs or outputs.
    """
    reader = _Reader()
    functional = as_functional(model)
    output = _read_functional(functional, (0,), "", reader)
    steps = _softmax_taken_off(reader.steps, output)
    steps = _batch_norm_folded(steps)
    steps = _padding_folded(steps)
    return _with_knowledge(steps)


def as_functional(model: Any) -> Any:
    """The model as a functional one, sharing all layers.

    Raises: as `read`.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"model: got {type(model).__name__}; expected a Keras 3 model (keras.Sequential or keras.Model)"
        )
    if isinstance(model, keras.Sequential):
        if not model.built or not model.inputs:
            raise ValueError(f"model: {model.name!r} is not built yet; add a keras.Input as its first layer")
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    if not hasattr(model, "_nodes_by_depth"):
        raise TypeError(
            f"model: {model.name!r} is a subclassed model ({type(model).__name__}), whose layers cannot be seen from "
            "outside; rebuild it as a functional model: keras.Model(inputs, outputs)"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"model: {model.name!r} has {len(model.inputs)} inputs and {len(model.outputs)} outputs; LRP explains one "
            "output from one input: cut it with keras.Model(one_input, one_output)"
        )
    return model


def checked_images(model_input: Any, images: Any) -> Array:
    """The images in the dtype of the model's input tensor.

    Raises:
        TypeError, ValueError: they are no finite numbers, there are none, or their shape is not what the model takes.
    """
    expected = ["n", *("any" if length is None else length for length in model_input.shape[1:])]
    array = finite_array(images, "images", expected)
    if len(array) == 0:
        raise ValueError("images: got an empty batch; give at least one")
    return array.astype(model_input.dtype)


def _read_functional(model: Any, inputs: tuple[int, ...], path: str, reader: _Reader) -> int:
    """Append the steps of a functional model; returns the number of its output tensor."""
    number = {id(tensor): known for tensor, known in zip(model.inputs, inputs, strict=True)}
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.is_input:
                continue
            operation = node.operation
            sources = tuple(number[id(tensor)] for tensor in node.input_tensors)
            if isinstance(operation, keras.Model):
                result = _read_functional(as_functional(operation), sources, f"{path}{operation.name}/", reader)
            else:
                name = reader.unique(path + operation.name)
                result = _read_layer(operation, sources, name, _called(node), reader)
            for tensor in node.output_tensors:
                number[id(tensor)] = result
    return number[id(model.outputs[0])]


def _called(node: Any) -> Callable[[list[Any]], Any]:
    """What a node of the graph makes of its tensors: its layer called with them, and with its other arguments."""
    layer, arguments = node.operation, node.arguments

    def called(inputs: list[Any]) -> Any:
        given = iter(inputs)
        positional, named = arguments.convert(lambda part: next(given) if keras.utils.is_keras_tensor(part) else part)
        if getattr(layer, "_call_has_training_arg", False):
            named["training"] = False
        return layer(*positional, **named)

    return called


def _unchanged(inputs: list[Any]) -> Any:
    return inputs[0]


def _read_layer(
    layer: Any, inputs: tuple[int, ...], name: str, called: Callable[[list[Any]], Any], reader: _Reader
) -> int:
    for step in _steps_of(layer, inputs, name, called, reader):
        reader.steps.append(step)
        inputs = (step.output,)
    return inputs[0]


def _steps_of(
    layer: Any, inputs: tuple[int, ...], name: str, called: Callable[[list[Any]], Any], reader: _Reader
) -> Iterator[Step]:
    """One step for a layer; two for a separable convolution."""
    if getattr(layer, "data_format", None) == "channels_first" and not isinstance(layer, kl.Flatten):
        raise ValueError(
            f'model: layer {name!r} has data_format="channels_first", which TensorFlow cannot lead back on a CPU; '
            'rebuild the model with "channels_last"'
        )

    def step(kind: Kind, given: tuple[int, ...] = inputs, of: str = name, **more: Any) -> Step:
        return Step(of, layer, kind, given, reader.new_tensor(), called, **more)

    if isinstance(layer, (kl.SeparableConv1D, kl.SeparableConv2D)):
        depthwise = step("convolution", of=f"{name}/depthwise", linear=_separable_depthwise(layer))
        yield depthwise
        pointwise = _separable_pointwise(layer)
        yield step("convolution", (depthwise.output,), linear=pointwise, activation=_activation(layer))
    elif isinstance(layer, kl.Dense):
        yield step("dense", linear=_dense(layer), activation=_activation(layer))
    elif isinstance(layer, CONVOLUTIONS):
        yield step("convolution", linear=_convolution(layer), activation=_activation(layer))
    elif isinstance(layer, kl.BatchNormalization):
        yield step("batch_norm", linear=_affine(layer))
    elif isinstance(layer, MAX_POOLS):
        yield step("max_pool")
    elif isinstance(layer, AVERAGE_POOLS):
        yield step("average_pool")
    elif isinstance(layer, (kl.Add, kl.Average)) or _is_sum(layer, inputs):
        yield step("add")
    elif isinstance(layer, REARRANGEMENTS) or _copies(layer):
        yield step("rearrange")
    elif isinstance(layer, ACTIVATIONS):
        yield step("activation", activation=_activation(layer) or layer, notes=("passes through",))
    else:
        yield step("unknown")


def _is_sum(layer: Any, inputs: tuple[int, ...]) -> bool:
    return type(layer).__name__ == "Add" and len(inputs) == 2  # written a + b


def _copies(layer: Any) -> bool:
    return isinstance(layer, kl.UpSampling2D) and layer.interpolation == "nearest"


# The linear parts


def _dense(layer: Any) -> Linear:
    return Linear(lambda x, kernel: tf.tensordot(x, kernel, 1), lambda: layer.kernel, _bias(layer), _times_transposed)


def _times_transposed(s: Any, kernel: Any) -> Any:
    return tf.matmul(s, kernel, transpose_b=True)


def _convolution(layer: Any) -> Linear:
    depthwise = isinstance(layer, (kl.DepthwiseConv1D, kl.DepthwiseConv2D))
    operation = keras.ops.depthwise_conv if depthwise else keras.ops.conv

    def apply(x: Any, kernel: Any) -> Any:
        padding = layer.padding
        if padding == "causal":
            reach = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
            x, padding = tf.pad(x, [[0, 0], [reach, 0], [0, 0]]), "valid"
        return operation(
            x,
            kernel,
            strides=layer.strides,
            padding=padding,
            data_format=layer.data_format,
            dilation_rate=layer.dilation_rate,
        )

    same = layer.padding == "same" or set(layer.kernel_size) == {1}
    odd_steps_of_one = all(size % 2 for size in layer.kernel_size) and set(layer.strides + layer.dilation_rate) == {1}
    mirrors = not depthwise and layer.groups == 1 and same and odd_steps_of_one
    return Linear(apply, lambda: layer.kernel, _bias(layer), _convolved_with_mirrored if mirrors else None)


def _convolved_with_mirrored(s: Any, kernel: Any) -> Any:
    """Back through a convolution that keeps height and width: another one, with the kernel mirrored.

    TensorFlow's gradient comes to the same and unrolls the whole picture into a matrix first where oneDNN is off:
    for VGG16 that costs 130 MB and a fifth of the time.
    """
    with tf.control_dependencies([s]):  # or the mirrored kernels of all layers would be there at once
        kernel = tf.identity(kernel)
    spatial = list(range(kernel.shape.rank - 2))
    mirrored = tf.transpose(tf.reverse(kernel, spatial), [*spatial, len(spatial) + 1, len(spatial)])
    return keras.ops.conv(s, mirrored, strides=1, padding="same", data_format="channels_last")


def _separable_depthwise(layer: Any) -> Linear:
    def apply(x: Any, kernel: Any) -> Any:
        options = {"strides": layer.strides, "padding": layer.padding, "dilation_rate": layer.dilation_rate}
        return keras.ops.depthwise_conv(x, kernel, data_format=layer.data_format, **options)

    return Linear(apply, lambda: layer.depthwise_kernel)


def _separable_pointwise(layer: Any) -> Linear:
    def apply(x: Any, kernel: Any) -> Any:
        return keras.ops.conv(x, kernel, strides=1, padding="valid", data_format=layer.data_format)

    return Linear(apply, lambda: layer.pointwise_kernel, _bias(layer))


def _affine(layer: Any) -> Linear:
    """Batch normalisation as a layer of its own: x · scale + shift, entry by entry."""
    shape = [1] * layer.input_spec.ndim
    shape[layer.axis] = -1

    def part(number: int) -> Callable[[], Any]:
        return lambda: tf.reshape(_scale_and_shift(layer)[number], shape)

    return Linear(lambda x, scale: x * scale, part(0), part(1))


def _scale_and_shift(layer: Any) -> tuple[Any, Any]:
    """γ/√(σ² + ε) and β − μ·γ/√(σ² + ε) of a batch normalisation."""
    scale = tf.math.rsqrt(layer.moving_variance + layer.epsilon)
    if layer.scale:
        scale = scale * layer.gamma
    shift = -layer.moving_mean * scale
    return scale, shift + layer.beta if layer.center else shift


def _bias(layer: Any) -> Callable[[], Any] | None:
    return (lambda: layer.bias) if layer.use_bias else None


def _activation(layer: Any) -> Callable[[Any], Any] | None:
    """The function that a layer applies to its weighted sums; None for none."""
    function = getattr(layer, "activation", None)
    return None if function is None or function is keras.activations.linear else function


# What is done to the steps, and known of them


def _softmax_taken_off(steps: list[Step], output: int) -> list[Step]:
    last = next((step for step in steps if step.output == output), None)
    if last is None or not _is_softmax(last):
        return steps
    plain = last.noted("softmax taken off", activation=None)
    if last.kind == "activation":
        plain = replace(plain, kind="rearrange", called=_unchanged, notes=("softmax taken off",))
    return [plain if step is last else step for step in steps]


def _is_softmax(step: Step) -> bool:
    return isinstance(step.layer, kl.Softmax) or step.activation is keras.activations.softmax


def _batch_norm_folded(steps: list[Step]) -> list[Step]:
    """conv → batch norm becomes one convolution with kernel w · scale and bias b · scale + shift."""
    maker = {step.output: step for step in steps}
    consumers: dict[int, int] = {}
    for step in steps:
        for number in step.inputs:
            consumers[number] = consumers.get(number, 0) + 1
    folded: dict[int, Step] = {}
    for step in steps:
        below = maker.get(step.inputs[0])
        if step.kind == "batch_norm" and below is not None and _can_fold(below, step, consumers):
            linear = _folded(below, step.layer)
            folded[below.output] = below.noted(f"{step.name} folded in", linear=linear)
            folded[step.output] = step.noted(
                f"folded into {below.name}", kind="rearrange", called=_unchanged, linear=None
            )
    return [folded.get(step.output, step) for step in steps]


def _can_fold(below: Step, norm: Step, consumers: dict[int, int]) -> bool:
    last_axis = norm.layer.axis in (-1, norm.layer.input_spec.ndim - 1)
    plain = below.kind in ("dense", "convolution") and below.activation is None
    return plain and last_axis and consumers[below.output] == 1 and "folded in" not in "".join(below.notes)


def _folded(below: Step, norm: Any) -> Linear:
    assert below.linear is not None
    linear = below.linear

    def kernel() -> Any:
        plain, scale = tf.convert_to_tensor(linear.kernel()), _scale_and_shift(norm)[0]
        depthwise = isinstance(below.layer, (kl.DepthwiseConv1D, kl.DepthwiseConv2D))
        return plain * (tf.reshape(scale, tf.shape(plain)[-2:]) if depthwise else scale)

    def bias() -> Any:
        scale, shift = _scale_and_shift(norm)
        return shift if linear.bias is None else linear.bias() * scale + shift

    return replace(linear, kernel=kernel, bias=bias)


def _padding_folded(steps: list[Step]) -> list[Step]:
    """Zeros that only convolutions see become part of them, as with padding="same": they get no relevance."""
    folded: dict[int, Step] = {}
    for padding in steps:
        users = [folded.get(step.output, step) for step in steps if padding.output in step.inputs]
        if isinstance(padding.layer, PADDINGS) and users and all(user.kind == "convolution" for user in users):
            into = ", ".join(user.name for user in users)
            folded[padding.output] = padding.noted(f"folded into {into}", called=_unchanged)
            for user in users:
                folded[user.output] = user.noted(f"{padding.name} folded in", linear=_padded(user, padding.layer))
    return [folded.get(step.output, step) for step in steps]


def _padded(user: Step, padding: Any) -> Linear:
    assert user.linear is not None
    apply = user.linear.apply
    return replace(user.linear, apply=lambda x, kernel: apply(padding(x), kernel), transposed=None)


def _with_knowledge(steps: list[Step]) -> list[Step]:
    """Each step told whether its input is known to be ≥ 0, and whether it sees the model's input."""
    nonnegative: dict[int, bool] = {0: False}
    untouched: dict[int, bool] = {0: True}  # nothing with weights in between
    told = []
    for step in steps:
        all_nonnegative = all(nonnegative[number] for number in step.inputs)
        sees_input = all(untouched[number] for number in step.inputs)
        told.append(replace(step, nonnegative_input=all_nonnegative, is_first=sees_input and step.kind in WEIGHTED))
        nonnegative[step.output] = _makes_nonnegative(step) or (
            all_nonnegative and step.kind not in (*WEIGHTED, "unknown") and keeps_sign(step)
        )
        untouched[step.output] = sees_input and step.kind not in WEIGHTED
    return told


def keeps_sign(step: Step) -> bool:
    """What the step applies, if anything, leaves zero at zero and makes nothing negative of a positive number."""
    if step.activation is None:
        return True
    if isinstance(step.layer, SIGN_KEEPING_LAYERS):
        return not getattr(step.layer, "threshold", 0)
    return getattr(step.activation, "__name__", "") in SIGN_KEEPING_ACTIVATIONS


def _makes_nonnegative(step: Step) -> bool:
    if isinstance(step.layer, (kl.ReLU, kl.Softmax)):
        return not getattr(step.layer, "negative_slope", 0) and not getattr(step.layer, "threshold", 0) < 0
    return getattr(step.activation, "__name__", "") in NONNEGATIVE_ACTIVATIONS
