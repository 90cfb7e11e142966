"""Lesson 05: answers that readers would give. Wrong ones stand with a piece of the message that they should be told."""

from __future__ import annotations

RIGHT: dict[str, list[str]] = {
    "conv-zplus": [
        """
def relprop_conv(a, kernel, bias, relevance, padding="SAME"):
    a, w, b = tf.convert_to_tensor(a), tf.maximum(kernel, 0), tf.maximum(bias, 0)
    with tf.GradientTape() as tape:
        tape.watch(a)
        z = tf.nn.conv2d(a, w, 1, padding) + b
    return a * tape.gradient(z, a, output_gradients=relevance / stabilise(z, 1e-6))
""",
        """
def relprop_conv(a, kernel, bias, relevance, padding="SAME"):
    n, height, width, below = a.shape
    matrix = np.maximum(as_matrix(np.asarray(kernel), height, width, padding), 0)
    flat = np.asarray(a).reshape(n, -1)
    above = kernel.shape[-1]
    z = flat @ matrix + np.tile(np.maximum(bias, 0), matrix.shape[1] // above)
    s = np.asarray(relevance).reshape(n, -1) / (z + 1e-6)
    return (flat * (s @ matrix.T)).reshape(a.shape)
""",
    ],
    "conv-pooling": [
        """
def relprop_winner(a, relevance):
    a, relevance = np.asarray(a), np.asarray(relevance)
    found = np.zeros_like(a)
    for n, y, x, k in np.ndindex(relevance.shape):
        window = a[n, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2, k]
        row, column = np.unravel_index(window.argmax(), (2, 2))
        found[n, 2 * y + row, 2 * x + column, k] = relevance[n, y, x, k]
    return found
""",
        """
def relprop_proportional(a, relevance):
    z = 4 * tf.nn.avg_pool2d(a, 2, 2, "VALID")
    s = relevance / stabilise(z, 1e-6)
    return a * tf.repeat(tf.repeat(s, 2, axis=1), 2, axis=2)
""",
    ],
    "conv-first-layer": [
        """
def relprop_first(x, kernel, relevance, way, low=0.0, high=1.0, padding="SAME"):
    def there(a, w):
        return tf.nn.conv2d(a, w, 1, padding)
    def back(s, w):
        return tf.nn.conv2d_transpose(s, w, tf.shape(x), 1, padding)
    if way == "ones":
        w = tf.maximum(kernel, 0)
        return back(relevance / stabilise(there(tf.ones_like(x), w), 1e-6), w)
    if way == "w2":
        return back(relevance / there(tf.ones_like(x), kernel**2), kernel**2)
    l, h = tf.fill(x.shape, low), tf.fill(x.shape, high)
    up, down = tf.maximum(kernel, 0), tf.minimum(kernel, 0)
    s = relevance / stabilise(there(x, kernel) - there(l, up) - there(h, down), 1e-6)
    return x * back(s, kernel) - l * back(s, up) - h * back(s, down)
""",
        """
def relprop_first(x, kernel, relevance, way, low=0.0, high=1.0, padding="SAME"):
    n, height, width, _ = x.shape
    matrix = as_matrix(np.asarray(kernel), height, width, padding)
    flat = np.asarray(x).reshape(n, -1)
    parts = {
        "ones": np.maximum(matrix, 0)[None] + 0 * flat[..., None],
        "w2": (matrix**2)[None] + 0 * flat[..., None],
        "zB": flat[..., None] * matrix - low * np.maximum(matrix, 0) - high * np.minimum(matrix, 0),
    }[way]
    shares = parts / (parts.sum(axis=1, keepdims=True) + 1e-9)
    return (shares * np.asarray(relevance).reshape(n, 1, -1)).sum(axis=2).reshape(x.shape)
""",
    ],
    "conv-swapped": [
        """
def swapped_convolution(x, kernel, bias, relprop):
    def back(relevance):
        return relprop(x, kernel, bias, relevance)
    @tf.custom_gradient
    def forward(x):
        return tf.maximum(tf.nn.conv2d(x, kernel, strides=1, padding="SAME") + bias, 0), back
    return forward(x)
""",
        """
def swapped_convolution(x, kernel, bias, relprop):
    y = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
    @tf.custom_gradient
    def answer(x, y):
        return tf.identity(y), lambda relevance: (relprop(x, kernel, bias, relevance), None)
    return answer(x, y)
""",
    ],
}


def _conv(z: str, back: str, result: str = "a * c") -> str:
    """relprop_conv with something else in step 1, in step 3 or in step 4."""
    return f"""
def relprop_conv(a, kernel, bias, relevance, padding="SAME"):
    positive = tf.nn.relu(kernel)
    z = {z}
    s = relevance / stabilise(z, 1e-6)
    c = tf.nn.conv2d_transpose(s, {back}, tf.shape(a), 1, padding)
    return {result}
"""


def _winner(body: str) -> str:
    return f"""
def relprop_winner(a, relevance):
    spread = lambda values: tf.repeat(tf.repeat(values, 2, axis=1), 2, axis=2)
    largest = tf.nn.max_pool2d(a, 2, 2, "VALID")
    return {body}
"""


def _proportional(body: str) -> str:
    return f"""
def relprop_proportional(a, relevance):
    spread = lambda values: tf.repeat(tf.repeat(values, 2, axis=1), 2, axis=2)
    mean = tf.nn.avg_pool2d(a, 2, 2, "VALID")
    return {body}
"""


def _first(**changed: str) -> str:
    """relprop_first with other pairs for one of the ways."""
    pairs = {
        "ones": "[(ones, positive)]",
        "w2": "[(ones, kernel**2)]",
        "zB": "[(x, kernel), (-low * ones, positive), (-high * ones, negative)]",
        **changed,
    }
    named = ", ".join(f'"{way}": {value}' for way, value in pairs.items())
    return f"""
def relprop_first(x, kernel, relevance, way, low=0.0, high=1.0, padding="SAME"):
    ones, positive, negative = tf.ones_like(x), tf.nn.relu(kernel), -tf.nn.relu(-kernel)
    pairs = {{{named}}}[way]
    z = sum(tf.nn.conv2d(version, weights, 1, padding) for version, weights in pairs)
    s = relevance / stabilise(z, 1e-6)
    return sum(version * tf.nn.conv2d_transpose(s, w, tf.shape(x), 1, padding) for version, w in pairs)
"""


def _swapped(value: str, back: str, last: str = "layer(x)") -> str:
    return f"""
def swapped_convolution(x, kernel, bias, relprop):
    @tf.custom_gradient
    def layer(x):
        z = tf.nn.conv2d(x, kernel, 1, "SAME")
        return {value}, lambda relevance: {back}
    return {last}
"""


_PLUS = "tf.nn.conv2d(a, positive, 1, padding)"
_WHOLE = "tf.nn.conv2d(a, kernel, 1, padding)"
_OWN = "relprop(x, kernel, bias, relevance)"
_VALID = (" 1, padding)", ' 1, "VALID")')

WRONG: dict[str, list[tuple[str, str]]] = {
    "conv-zplus": [
        ("This is LRP-0", _conv(f"{_WHOLE} + bias", "kernel")),
        ("Step 1 still uses the whole kernel", _conv(f"{_WHOLE} + tf.nn.relu(bias)", "positive")),
        ("Step 3 still uses the whole kernel", _conv(f"{_PLUS} + tf.nn.relu(bias)", "kernel")),
        ("The bias is missing", _conv(_PLUS, "positive")),
        ("of the bias, too, only the positive part counts", _conv(f"{_PLUS} + bias", "positive")),
        ("multiply by a", _conv(f"{_PLUS} + tf.nn.relu(bias)", "positive", "c")),
        ("Step 2, the division by z, is missing", _conv("tf.ones_like(relevance)", "positive")),
        ("is there a `return`", _conv(_PLUS, "positive", "None")),
        ("This is LRP-0 without the bias", _conv(_WHOLE, "kernel")),
        ("Do both convolutions get `padding`", _conv(f"{_PLUS} + tf.nn.relu(bias)", "positive").replace(*_VALID)),
    ],
    "conv-pooling": [
        ("handed out more than once", _winner("tf.cast(a == spread(largest), a.dtype) * spread(relevance)")),
        (
            "and the others nothing",
            """
def relprop_winner(a, relevance):
    spread = lambda values: tf.repeat(tf.repeat(values, 2, axis=1), 2, axis=2)
    winners = tf.cast(a == spread(tf.nn.max_pool2d(a, 2, 2, "VALID")), a.dtype)
    return winners / spread(4 * tf.nn.avg_pool2d(winners, 2, 2, "VALID")) * spread(relevance)
""",
        ),
        ("everybody gets everything", _winner("spread(relevance)")),
        ("this is the largest number itself", _winner("tf.cast(a == spread(largest), a.dtype) * a")),
        (
            "does the tape `watch` a",
            """
def relprop_winner(a, relevance):
    with tf.GradientTape() as tape:
        largest = tf.nn.max_pool2d(a, 2, 2, "VALID")
    return tape.gradient(largest, a, output_gradients=relevance)
""",
        ),
        (
            "Give the relevance as output_gradients",
            """
def relprop_winner(a, relevance):
    with tf.GradientTape() as tape:
        tape.watch(a)
        largest = tf.nn.max_pool2d(a, 2, 2, "VALID")
    return tape.gradient(largest, a)
""",
        ),
        (
            "this is the winner's map: use avg_pool2d",
            """
def relprop_proportional(a, relevance):
    with tf.GradientTape() as tape:
        tape.watch(a)
        z = tf.nn.max_pool2d(a, 2, 2, "VALID")
    return a * tape.gradient(z, a, output_gradients=relevance / stabilise(z, 1e-6))
""",
        ),
        (
            "ValueError: Attempt to convert a value (None)",
            """
def relprop_proportional(a, relevance):
    with tf.GradientTape() as tape:
        z = tf.nn.avg_pool2d(a, 2, 2, "VALID")
    return a * tape.gradient(z, a, output_gradients=relevance / stabilise(z, 1e-6))
""",
        ),
        ("these are equal shares", _proportional("spread(relevance / 4)")),
        ("the last step is missing", _proportional("spread(relevance / stabilise(4 * mean, 1e-6))")),
        ("four times what it should be", _proportional("a * spread(relevance / stabilise(mean, 1e-6))")),
        ("is something divided by zero?", _proportional("a * spread(relevance / (4 * mean))")),
    ],
    "conv-first-layer": [
        ("ones: this is z⁺", _first(ones="[(x, positive)]")),
        ("ones: take the positive part", _first(ones="[(ones, kernel)]")),
        ("here the kernel is set to one, too", _first(ones="[(ones, tf.ones_like(kernel))]")),
        ("w2: the square of the weights", _first(w2="[(ones, tf.abs(kernel))]")),
        ("w2: the input should not enter", _first(w2="[(x, kernel**2)]")),
        ("low belongs to the positive part", _first(zB="[(x, kernel), (-high*ones, positive), (-low*ones, negative)]")),
        ("the two pairs with low and high are missing", _first(zB="[(x, kernel)]")),
        ("the pair with low is missing", _first(zB="[(x, kernel), (-high * ones, negative)]")),
        ("enter with a minus", _first(zB="[(x, kernel), (low * ones, positive), (high * ones, negative)]")),
        ("a sign in the third pair", _first(zB="[(x, kernel), (-low * ones, positive), (high * ones, negative)]")),
        (
            "add the three products up to one z",
            """
def relprop_first(x, kernel, relevance, way, low=0.0, high=1.0, padding="SAME"):
    ones, positive, negative = tf.ones_like(x), tf.nn.relu(kernel), -tf.nn.relu(-kernel)
    pairs = {
        "ones": [(ones, positive)],
        "w2": [(ones, kernel**2)],
        "zB": [(x, kernel), (-low * ones, positive), (-high * ones, negative)],
    }[way]
    result = 0
    for version, weights in pairs:
        s = relevance / stabilise(tf.nn.conv2d(version, weights, 1, padding), 1e-6)
        result += version * tf.nn.conv2d_transpose(s, weights, tf.shape(x), 1, padding)
    return result
""",
        ),
        ("Do both convolutions get `padding`", _first().replace(*_VALID)),
    ],
    "conv-swapped": [
        ("still TensorFlow's own", _swapped("z", _OWN, 'tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)')),
        ("The ReLU is missing", _swapped("z + bias", _OWN)),
        ("The bias is missing", _swapped("tf.nn.relu(z)", _OWN)),
        ("once more", _swapped("tf.nn.relu(z + bias)", f"relevance * {_OWN}")),
        (
            "does not reach relprop",
            _swapped("tf.nn.relu(z + bias)", "relprop(x, kernel, bias, tf.ones_like(relevance))"),
        ),
        ("Relevance passes the ReLU as it is", _swapped("z + bias", _OWN, "tf.nn.relu(layer(x))")),
        ("swapped_convolution returns None", _swapped("tf.nn.relu(z + bias)", _OWN, "None")),
        ("You return the inner function itself", _swapped("tf.nn.relu(z + bias)", _OWN, "layer")),
        (
            "is `@tf.custom_gradient` missing",
            _swapped("tf.nn.relu(z + bias)", _OWN).replace("@tf.custom_gradient", ""),
        ),
        ("with a kernel of 2 × 2", _swapped("tf.nn.relu(z + bias)", _OWN).replace('"SAME"', '"VALID"')),
    ],
}
