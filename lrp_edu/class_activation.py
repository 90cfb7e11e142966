"""Class activation maps, to compare LRP with: CAM and Grad-CAM.

Both weigh the channels of one feature map by what each channel does for the class, and add them up. The result is as
coarse as the feature map, and is enlarged to the size of the picture.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import tensorflow as tf
from keras import layers as kl

from lrp_edu.arrays import Array
from lrp_edu.keras_graph import Step, as_functional, checked_images, read
from lrp_edu.targets import Classes, choose

Tensor = Any


def cam(model: Any, images: Any, target: Classes = None) -> Array:
    """Class activation map: where the channels are active that the class is wired to.

    M_c(x, y) = Σ_k w_kc f_k(x, y), with f_k the channels of the last convolution's output and w_kc the weight from the
    mean of channel k to class c. The mean of M_c over all places, before it is enlarged, is the logit without its bias.

    Args:
        model: a Keras model that ends in global average pooling over a feature map, then one dense layer.
        images: in the shape and on the scale that the model takes.
        target: None for the top class of each image, an int, or a list with one class for each image.

    Returns:
        Shape (n, height, width) of the images, enlarged bilinearly; negative where something speaks against the class.

    Raises:
        ValueError: the model ends otherwise.
        TypeError, ValueError: images or a target that do not fit the model.

    Source: Zhou et al. 2016, "Learning deep features for discriminative localization", eq. 2.
    """
    steps = read(model)
    images = tf.convert_to_tensor(checked_images(as_functional(model).inputs[0], images))
    values = _values(steps, images)
    features, kernel = _averaged_and_weighted(steps)
    weights = tf.matmul(_chosen(values[steps[-1].output], target), kernel, transpose_b=True)
    return _enlarged(_weighted(values[features], weights), images)


def grad_cam(model: Any, images: Any, target: Classes = None, *, layer: str) -> Array:
    """Gradient-weighted class activation map: as `cam`, for any model, with slopes in the place of weights.

    L_c(x, y) = ReLU(Σ_k α_k A_k(x, y)), with A_k the channels of a layer's output and α_k = 1/Z Σ_xy ∂z_c/∂A_k(x, y)
    the mean slope of the logit z_c over the Z places of channel k.

    Args:
        model: a Keras model as `LRP` takes it; of a softmax at its end the logits are taken.
        images, target: as for `cam`.
        layer: the name of a layer whose output is (n, height, width, channels), usually the last convolution.

    Returns:
        Shape (n, height, width) of the images, enlarged bilinearly; never negative.

    Raises:
        ValueError: there is no such layer, or its output has no height and width.
        TypeError, ValueError: images or a target that do not fit the model.

    Source: Selvaraju et al. 2017, "Grad-CAM: Visual explanations from deep networks via gradient-based localization",
    eq. 1 and 2.
    """
    steps = read(model)
    images = tf.convert_to_tensor(checked_images(as_functional(model).inputs[0], images))
    with tf.GradientTape() as tape:
        tape.watch(images)
        values = _values(steps, images)
        features, logits = values[_spatial(steps, values, layer)], values[steps[-1].output]
        explained = tf.reduce_sum(_chosen(logits, target) * logits)
    slopes = tf.reduce_mean(tape.gradient(explained, features), axis=(1, 2))
    return _enlarged(tf.nn.relu(_weighted(features, slopes)), images)


def _values(steps: list[Step], images: Tensor) -> dict[int, Tensor]:
    """The value of each tensor of the graph, by its number."""
    values = {0: images}
    for step in steps:
        values[step.output] = step.value([values[number] for number in step.inputs])
    return values


def _chosen(logits: Tensor, target: Classes) -> Tensor:
    """(n, classes): one at the class of each image."""
    return tf.constant(choose(logits.numpy(), target, "target"))


def _weighted(features: Tensor, weights: Tensor) -> Tensor:
    """Σ_k w_k A_k of each image: features (n, height, width, channels), weights (n, channels)."""
    return tf.einsum("nhwk,nk->nhw", features, weights)


def _enlarged(maps: Tensor, images: Tensor) -> Array:
    return tf.image.resize(maps[..., None], images.shape[1:3], "bilinear").numpy()[..., 0]


def _averaged_and_weighted(steps: list[Step]) -> tuple[int, Tensor]:
    """The number of the feature map that a model averages at its end, and the weights it gives to the averages."""
    maker = {step.output: step for step in steps}
    dense = _through_rearrangements(steps[-1], maker)
    pool = _through_rearrangements(maker.get(dense.inputs[0]), maker) if dense is not None else None
    if dense is None or dense.linear is None or pool is None or not isinstance(pool.layer, kl.GlobalAveragePooling2D):
        raise ValueError(
            "cam: the model should end in GlobalAveragePooling2D and one dense layer, this one ends in "
            f"{', '.join(type(step.layer).__name__ for step in steps[-3:])}; train such a head on its last feature "
            "map, or take grad_cam"
        )
    return pool.inputs[0], tf.convert_to_tensor(dense.linear.kernel())


def _through_rearrangements(step: Step | None, maker: dict[int, Step]) -> Step | None:
    """The first step from this one down that is more than a dropout and the like."""
    while step is not None and step.kind == "rearrange":
        step = maker.get(step.inputs[0])
    return step


def _spatial(steps: list[Step], values: dict[int, Tensor], layer: str) -> int:
    """The number of a layer's output, which must have height and width."""
    spatial = {step.name: step.output for step in steps if len(values[step.output].shape) == 4}
    if layer not in spatial:
        known = any(step.name == layer for step in steps)
        what = f"the output of layer {layer!r} has no height and width" if known else f"there is no layer {layer!r}"
        near = get_close_matches(str(layer), spatial, n=1)
        hint = f"; did you mean {near[0]!r}?" if near and not known else "."
        raise ValueError(f"grad_cam: {what}{hint} These have: {', '.join(spatial)}")
    return spatial[layer]
