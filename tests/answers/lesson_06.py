"""Lesson 06: answers that readers would give. Wrong ones stand with a piece of the message that they should be told."""

from __future__ import annotations

RIGHT: dict[str, list[str]] = {
    "vgg16-mixture": [
        """
def mixture(maps, logits):
    log_of_sum = np.logaddexp.reduce(logits)
    mixed = np.zeros(maps.shape[1:])
    for one_map, z in zip(maps, logits):
        mixed += np.exp(z - log_of_sum) * one_map
    return mixed
""",
        """
def mixture(maps, logits):
    return np.einsum("c,chw->hw", tf.nn.softmax(logits), maps)
""",
        """
def mixture(maps, logits):
    shares = targets.Softmax("all").start(logits[None])
    return (shares @ maps.reshape(len(maps), -1)).reshape(maps.shape[1:])
""",
    ],
    "vgg16-walk": [
        """
def layer_back(layer, a, relevance, is_first):
    kind = type(layer).__name__
    if kind == "Flatten":
        return np.reshape(relevance, a.shape)
    with tf.GradientTape() as tape:
        a = tf.ones_like(a) if is_first and kind == "Conv2D" else tf.identity(a)
        tape.watch(a)
        if kind == "MaxPooling2D":
            z = s = tf.nn.max_pool2d(a, layer.pool_size, layer.strides, "VALID")
        elif kind == "Dense":
            z = a @ layer.kernel + layer.bias
        else:
            weight, bias = tf.maximum(layer.kernel, 0.0), tf.maximum(layer.bias, 0.0)
            if is_first:
                weight, bias = tf.ones_like(weight), tf.zeros_like(bias)
            z = tf.nn.conv2d(a, weight, 1, "SAME") + bias
    if kind == "MaxPooling2D":
        return tape.gradient(z, a, relevance)
    return a * tape.gradient(z, a, relevance / stabilise(z, 1e-6))

def walk(model, images, start):
    outputs = [layer.output for layer in model.layers[:-1]]
    entered = keras.Model(model.input, outputs)(images)
    for number in range(len(model.layers) - 1, 0, -1):
        start = layer_back(model.layers[number], entered[number - 1], start, number == 1)
    return start
""",
        """
def walk(model, images, start):
    def down(layers, a):
        if not layers:
            return start
        relevance = down(layers[1:], layers[0](a))
        return layer_back(layers[0], a, relevance, layers[0] is model.layers[1])
    return down(model.layers[1:], images)
""",
        """
def layer_back(layer, a, relevance, is_first):
    def relprop(forward, backward, a, weight, bias):
        z = np.asarray(forward(a, weight) + bias)
        s = np.asarray(relevance) / np.where(z < 0, z - 1e-6, z + 1e-6)
        return a * backward(tf.cast(s, tf.float32), weight)
    match layer:
        case keras.layers.Dense():
            return relprop(multiply, multiply_back, a, layer.kernel, layer.bias)
        case keras.layers.Conv2D() if is_first:
            return relprop(convolve, convolve_back, a * 0 + 1, layer.kernel * 0 + 1, 0)
        case keras.layers.Conv2D():
            return relprop(convolve, convolve_back, a, tf.nn.relu(layer.kernel), tf.nn.relu(layer.bias))
        case keras.layers.MaxPooling2D():
            window = {"ksize": (1, 2, 2, 1), "strides": (1, 2, 2, 1), "padding": "VALID"}
            return tf.raw_ops.MaxPoolGrad(orig_input=a, orig_output=layer(a), grad=relevance, **window)
    return tf.reshape(relevance, a.shape)
""",
    ],
    "vgg16-switch": [
        """
def class_switch(explainer, images, wanted, other):
    start = targets.Margin(wanted, other).start(explainer.logits(images))
    return np.asarray(explainer.relevance(images, start))
""",
        """
def class_switch(explainer, images, wanted, other):
    logits = explainer.logits(images)
    eye = np.eye(logits.shape[1])
    return explainer.relevance(images, logits * (eye[wanted] - eye[other])).numpy()
""",
        """
def class_switch(explainer, images, wanted, other):
    z = explainer.logits(images)
    alone = [explainer.relevance(images, np.where(np.arange(z.shape[1]) == c, z, 0)).numpy() for c in (wanted, other)]
    return alone[0] - alone[1]
""",
        """
def class_switch(explainer, images, wanted, other):
    found = []
    for image in images:
        z = explainer.logits(image[None])
        start = np.zeros(z.shape)
        start[0, [wanted, other]] = z[0, wanted], -z[0, other]
        found.append(explainer.relevance(image[None], start)[0])
    return np.stack(found)
""",
    ],
}


def _mixture(result: str) -> str:
    return f"""
def mixture(maps, logits):
    powers = np.exp(logits - np.max(logits))
    p = powers / powers.sum()
    return {result}
"""


# The pieces of `layer_back`, each to be exchanged for a wrong one.
_DENSE = "four_steps(multiply, multiply_back, a, layer.kernel, layer.bias, relevance)"
_FLATTEN = "tf.reshape(relevance, tf.shape(a))"
_POOLING = "gradient(a, layer, relevance)"
_FIRST = "four_steps(convolve, convolve_back, tf.ones_like(a), tf.ones_like(layer.kernel), 0.0, relevance)"
_CONVOLUTION = "four_steps(convolve, convolve_back, a, positive, tf.nn.relu(layer.bias), relevance)"


def _layer(
    dense: str = _DENSE,
    flatten: str = _FLATTEN,
    pooling: str = _POOLING,
    first: str = _FIRST,
    convolution: str = _CONVOLUTION,
) -> str:
    return f"""
def gradient(a, layer, relevance):
    with tf.GradientTape() as tape:
        tape.watch(a)
        z = layer(a)
    return tape.gradient(z, a, output_gradients=relevance)

def layer_back(layer, a, relevance, is_first):
    spread = lambda values: tf.repeat(tf.repeat(values, 2, axis=1), 2, axis=2)
    if isinstance(layer, keras.layers.Dense):
        return {dense}
    if isinstance(layer, keras.layers.Flatten):
        return {flatten}
    if isinstance(layer, keras.layers.MaxPooling2D):
        return {pooling}
    kernel, bias, positive = layer.kernel, layer.bias, tf.nn.relu(layer.kernel)
    if is_first:
        return {first}
    return {convolution}
"""


def _walk(up: str = "inputs.append(a); a = layer(a)", down: str = "reversed(layers)", **changed: str) -> str:
    parts = {"begin": "start", "a": "inputs.pop()", "is_first": "layer is layers[0]", "end": "return relevance"}
    parts |= changed
    return f"""
def walk(model, images, start):
    a, inputs, layers = images, [], model.layers[1:]
    for layer in layers:
        {up}
    relevance = {parts["begin"]}
    for layer in {down}:
        relevance = layer_back(layer, {parts["a"]}, relevance, {parts["is_first"]})
    {parts["end"]}
"""


def _steps(forward: str, back: str, result: str = "a * c", bias: str = "tf.nn.relu(bias)") -> str:
    """A convolution with something else in step 1, in step 3 or in step 4."""
    return f"(lambda c: {result})(convolve_back(relevance / stabilise(convolve(a, {forward}) + {bias}, 1e-6), {back}))"


def _switch(start: str, before: str = "") -> str:
    return f"""
def class_switch(explainer, images, wanted, other):
    z = explainer.logits(images)
    start = np.zeros_like(z)
    {before}
    {start}
    return explainer.relevance(images, start).numpy()
"""


_WANTED = "start[:, wanted] = z[:, wanted]; "

WRONG: dict[str, list[tuple[str, str]]] = {
    "vgg16-mixture": [
        ("weighted with the logits", _mixture("np.tensordot(logits, maps, axes=1)")),
        ("The weights do not add up to 1", _mixture("np.tensordot(np.exp(logits), maps, axes=1)")),
        ("weights do not add up to 1 yet", _mixture("np.tensordot(powers, maps, axes=1)")),
        ("in the denominator, too", _mixture("np.tensordot(powers / np.exp(logits).sum(), maps, axes=1)")),
        ("Each class has the same weight", _mixture("maps.sum(axis=0)")),
        ("The mean of the maps", _mixture("maps.mean(axis=0)")),
        ("do not average", _mixture("(p[:, None, None] * maps).mean(axis=0)")),
        ("not added up yet", _mixture("p[:, None, None] * maps")),
        ("Sum over the classes only", _mixture("np.sum(p[:, None, None] * maps)")),
        ("Only the map of the best class", _mixture("maps[np.argmax(logits)]")),
        ("the logits were divided by their sum", _mixture("np.tensordot(logits / logits.sum(), maps, axes=1)")),
        ("times its probability", _mixture("p.max() * maps[p.argmax()]")),
        ("np.exp(1000) is infinite", _mixture("np.tensordot(np.exp(logits) / np.exp(logits).sum(), maps, axes=1)")),
        (
            "changes its arguments",
            """
def mixture(maps, logits):
    logits -= logits.max()
    return np.tensordot(np.exp(logits) / np.exp(logits).sum(), maps, axes=1)
""",
        ),
        (
            "changes its arguments",
            """
def mixture(maps, logits):
    maps *= np.array(tf.nn.softmax(logits))[:, None, None]
    return maps.sum(axis=0)
""",
        ),
        ("is there a `return`", _mixture("None")),
    ],
    "vgg16-walk": [
        ("dense: the bias is missing", _layer(dense=_DENSE.replace("layer.bias", "0.0"))),
        ("dense: the ε rule takes all", _layer(dense=_DENSE.replace("layer.kernel", "tf.nn.relu(layer.kernel)"))),
        ("dense: the last step is missing", _layer(dense=f"{_DENSE} / a")),
        ("without the division by z", _layer(dense="a * multiply_back(relevance, layer.kernel)")),
        (
            "which has been through the ReLU",
            _layer(dense="a * multiply_back(relevance / stabilise(layer(a), 1e-6), layer.kernel)"),
        ),
        ("is there a `return` for each kind", _layer(dense="None")),
        ("flatten: the values are right", _layer(flatten="relevance")),
        ("flatten: do not multiply by a", _layer(flatten=f"a * {_FLATTEN}")),
        (
            "pooling: that is in proportion",
            _layer(pooling="a * spread(relevance / (4 * tf.nn.avg_pool2d(a, 2, 2, 'SAME')))"),
        ),
        ("pooling: do not multiply by a", _layer(pooling=f"a * {_POOLING}")),
        ("pooling: everybody got a quarter", _layer(pooling="spread(relevance / 4)")),
        ("pooling: everybody got everything", _layer(pooling="spread(relevance)")),
        ("the relevance as output_gradients", _layer(pooling=_POOLING.replace("relevance", "None"))),
        ("a window of zeros gives NaN", _layer(pooling="a * gradient(a, layer, relevance / layer(a))")),
        ("Does the tape `watch` a", _layer().replace("        tape.watch(a)\n", "")),
        ("convolution: b⁺ is missing", _layer(convolution=_steps("positive", "positive", bias="0.0"))),
        ("of it, too, only the positive part counts", _layer(convolution=_steps("positive", "positive", bias="bias"))),
        ("convolution: this is the ε rule", _layer(convolution=_steps("kernel", "kernel", bias="bias"))),
        ("convolution: z is still made with all weights.", _layer(convolution=_steps("kernel", "positive"))),
        ("all weights and biases", _layer(convolution=_steps("kernel", "positive", bias="bias"))),
        ("convolution: back goes through all", _layer(convolution=_steps("positive", "kernel"))),
        ("convolution: the last step is missing", _layer(convolution=_steps("positive", "positive", "c"))),
        ("convolution: the division by z is missing", _layer(convolution="a * convolve_back(relevance, positive)")),
        ("you did not treat it apart", _layer(first=_CONVOLUTION)),
        ("the inputs should be, too", _layer(first=_FIRST.replace("tf.ones_like(a)", "a"))),
        ("multiplies by the inputs again", _layer(first=f"a * {_FIRST}")),
        ("the weights should be, too", _layer(first=_FIRST.replace("tf.ones_like(layer.kernel)", "positive"))),
        ("this is w²", _layer(first=_FIRST.replace("tf.ones_like(layer.kernel)", "kernel**2"))),
        ("flat leaves the bias out.", _layer(first=_FIRST.replace("0.0", "bias"))),
        ("flat leaves the bias out, its positive part", _layer(first=_FIRST.replace("0.0", "tf.nn.relu(bias)"))),
        (
            "Ask for the kind of layer first",
            _layer().replace("    if ", f"    if is_first:\n        return {_FIRST}\n    if ", 1),
        ),
        ("walk: `start` is not used", _walk(begin="a")),
        ("Append `a` before", _walk(up="a = layer(a); inputs.append(a)")),
        ("the layers went up, not down", _walk(down="layers", a="inputs.pop(0)")),
        ("the inputs are reversed, the layers are not", _walk(down="layers")),
        ("the layers are reversed, their inputs are not", _walk(a="inputs.pop(0)")),
        ("from the last layer only", _walk().replace("    return relevance", "        return relevance")),
        ("is there a `return` at its end", _walk(end="pass")),
        ("Is the first convolution, and no other", _walk(is_first="False")),
        ("Is the first convolution, and no other", _walk(is_first="True")),
    ],
    "vgg16-switch": [
        ("has to enter with a minus", _switch(_WANTED + "start[:, other] = z[:, other]")),
        ("the other class rather than", _switch("start[:, wanted] = -z[:, wanted]; start[:, other] = z[:, other]")),
        ("The two logits are exchanged", _switch("start[:, wanted] = z[:, other]; start[:, other] = -z[:, wanted]")),
        ("The other class is missing", _switch(_WANTED)),
        ("All classes but the two", _switch("start[:, other] = -z[:, other]", "start = z.copy()")),
        ("not from ones", _switch("start[:, wanted] = 1; start[:, other] = -1")),
        ("The difference belongs to both classes", _switch("start[:, wanted] = z[:, wanted] - z[:, other]")),
        ("only one of them should", _switch(_WANTED, "start = -z")),
        (
            "Each class starts from its own logit",
            _switch("start[:, wanted] = z[:, wanted] - z[:, other]; start[:, other] = -start[:, wanted]"),
        ),
        (
            "That starts from probabilities",
            _switch(_WANTED + "start[:, other] = -z[:, other]", "z = np.array(tf.nn.softmax(z))"),
        ),
        ("not −|z|", _switch(_WANTED + "start[:, other] = -abs(z[:, other])")),
        ("Only the first picture", _switch("start[0, wanted] = z[0, wanted]; start[0, other] = -z[0, other]")),
        ("the start of the first one", _switch("start[:, wanted] = z[0, wanted]; start[:, other] = -z[0, other]")),
        ("That is the start", _switch(_WANTED + "start[:, other] = -z[:, other]; return start")),
        (
            "wants the images first",
            _switch(_WANTED + "start[:, other] = -z[:, other]; return explainer.relevance(start, images).numpy()"),
        ),
        ("is there a `return`", _switch("return None")),
    ],
}
