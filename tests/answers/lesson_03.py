"""Lesson 03: answers that readers would give. Wrong ones stand with a piece of the message that they should be told."""

from __future__ import annotations

RIGHT: dict[str, list[str]] = {
    "mlp-layers": [
        """
def linear_forward(x, weight, bias):
    n, outputs = len(x), weight.shape[1]
    z = np.zeros((n, outputs))
    for row in range(n):
        for k in range(outputs):
            z[row, k] = sum(x[row, j] * weight[j, k] for j in range(len(weight))) + bias[k]
    return z
def linear_gradprop(weight, gradient):
    found = np.zeros((len(gradient), len(weight)))
    for row in range(len(gradient)):
        for j in range(len(weight)):
            for k in range(weight.shape[1]):
                found[row, j] += weight[j, k] * gradient[row, k]
    return found
def relu_gradprop(x, gradient):
    found = gradient.copy()
    found[x <= 0] = 0
    return found
""",
        """
def linear_forward(x, weight, bias):
    return np.einsum("nj,jk->nk", x, weight) + bias[None, :]
def linear_gradprop(weight, gradient):
    return np.tensordot(gradient, weight, axes=(1, 1))
def relu_gradprop(x, gradient):
    return np.where(x > 0, gradient, 0.0)
""",
        """
def linear_forward(x, weight, bias):
    z = np.dot(x, weight)
    z += bias
    return z
def linear_gradprop(weight, gradient):
    return (weight @ gradient.T).T
def relu_gradprop(x, gradient):
    return np.heaviside(x, 0) * gradient
""",
    ],
    "mlp-stabilise": [
        """
def stabilised(z, epsilon):
    return np.where(z < 0, z - epsilon, z + epsilon)
""",
        """
def stabilised(z, epsilon):
    sign = np.sign(z)
    sign[sign == 0] = 1
    return z + epsilon * sign
""",
        """
def stabilised(z, epsilon):
    found = z.copy()
    for index in np.ndindex(z.shape):
        if found[index] < 0:
            found[index] -= epsilon
        else:
            found[index] += epsilon
    return found
""",
        """
def stabilised(z, epsilon):
    return stabilise(z, epsilon)
""",
    ],
    "mlp-zplus": [
        """
def relprop_z_plus(a, weight, bias, relevance):
    n, inputs = a.shape
    found = np.zeros((n, inputs))
    for row in range(n):
        for k in range(weight.shape[1]):
            parts = [a[row, j] * max(0, weight[j, k]) for j in range(inputs)]
            total = sum(parts) + max(0, bias[k])
            if total > 0:
                for j in range(inputs):
                    found[row, j] += parts[j] / total * relevance[row, k]
    return found
""",
        """
def relprop_z_plus(a, weight, bias, relevance):
    parts = np.einsum("nj,jk->njk", a, weight.clip(min=0))
    total = parts.sum(axis=1) + bias.clip(min=0)
    return np.einsum("njk,nk->nj", parts, relevance / (total + 1e-9))
""",
        """
def relprop_z_plus(a, weight, bias, relevance):
    w, b = weight * (weight > 0), bias * (bias > 0)
    z = linear_forward(a, w, b)
    return a * linear_gradprop(w, relevance / stabilised(z, 1e-8))
""",
        """
def relprop_z_plus(a, weight, bias, relevance):
    return Linear(weight, bias).relprop(a, relevance, rules.ZPlus())
""",
    ],
    "mlp-first-layer": [
        """
def relprop_w2(weight, relevance):
    found = np.zeros((len(relevance), len(weight)))
    for row in range(len(relevance)):
        for k in range(weight.shape[1]):
            total = sum(w * w for w in weight[:, k])
            for j in range(len(weight)):
                found[row, j] += weight[j, k] ** 2 / total * relevance[row, k]
    return found
def relprop_z_box(x, weight, low, high, relevance):
    found = np.zeros(x.shape)
    for row in range(len(x)):
        for k in range(weight.shape[1]):
            w = weight[:, k]
            climb = w * np.where(w > 0, x[row] - low, x[row] - high)
            found[row] += climb / climb.sum() * relevance[row, k]
    return found
""",
        """
def relprop_w2(weight, relevance):
    squares = np.square(weight)
    s = relevance / squares.sum(axis=0, keepdims=True)
    return np.einsum("nk,jk->nj", s, squares)
def relprop_z_box(x, weight, low, high, relevance):
    corner = np.where(weight > 0, low, high)
    climb = (x[:, :, None] - corner) * weight
    return np.einsum("njk,nk->nj", climb, relevance / (climb.sum(axis=1) + 1e-9))
""",
        """
def relprop_z_box(x, weight, low, high, relevance):
    w_plus, w_minus = weight.clip(min=0), weight.clip(max=0)
    lows, highs = np.full(x.shape, low), np.full(x.shape, high)
    z = x @ weight - lows @ w_plus - highs @ w_minus
    s = relevance / stabilised(z, 1e-9)
    back = [part * linear_gradprop(w, s) for part, w in ((x, weight), (lows, w_plus), (highs, w_minus))]
    return back[0] - back[1] - back[2]
""",
    ],
    "mlp-bias-share": [
        """
def bias_share(a, weight, bias, relevance, epsilon):
    found = []
    for row in range(len(a)):
        total = 0.0
        for k in range(len(bias)):
            z = sum(a[row, j] * weight[j, k] for j in range(len(weight))) + bias[k]
            z = z + epsilon if z >= 0 else z - epsilon
            total += bias[k] / z * relevance[row, k]
        found.append(total)
    return found
""",
        """
def bias_share(a, weight, bias, relevance, epsilon):
    z = np.einsum("nj,jk->nk", a, weight) + bias
    return np.einsum("k,nk->n", bias, relevance / np.where(z < 0, z - epsilon, z + epsilon))
""",
        """
def bias_share(a, weight, bias, relevance, epsilon):
    z = linear_forward(a, weight, bias)
    return (relevance / stabilised(z, epsilon)) @ bias
""",
    ],
}

WRONG: dict[str, list[tuple[str, str]]] = {
    "mlp-layers": [
        (
            "forward: the bias is missing",
            """
def linear_forward(x, weight, bias):
    return x @ weight
""",
        ),
        (
            "forward: the weights are transposed",
            """
def linear_forward(x, weight, bias):
    return x @ weight.T + bias
""",
        ),
        (
            "forward: the weights are transposed",
            """
def linear_forward(x, weight, bias):
    return (weight @ x.T).T + bias
""",
        ),
        (
            "forward: the bias is subtracted",
            """
def linear_forward(x, weight, bias):
    return x @ weight - bias
""",
        ),
        (
            "forward: the ReLU is a layer of its own",
            """
def linear_forward(x, weight, bias):
    return np.maximum(0, x @ weight + bias)
""",
        ),
        (
            "has shape (2,), it should have (1, 2)",
            """
def linear_forward(x, weight, bias):
    return (x * weight).sum(axis=0) + bias
""",
        ),
        (
            "forward: `x * weight` multiplies number by number",
            """
def linear_forward(x, weight, bias):
    return x * weight + bias
""",
        ),
        (
            "ValueError: matmul",
            """
def linear_forward(x, weight, bias):
    return weight @ x + bias
""",
        ),
        (
            "linear_forward's result is None",
            """
def linear_forward(x, weight, bias):
    z = x @ weight + bias
""",
        ),
        (
            "gradprop: the weights have to be transposed",
            """
def linear_gradprop(weight, gradient):
    return gradient @ weight
""",
        ),
        (
            "gradprop: `gradient * weight` multiplies number by number",
            """
def linear_gradprop(weight, gradient):
    return gradient * weight
""",
        ),
        (
            "ReLU: it is the input x that decides",
            """
def relu_gradprop(x, gradient):
    return np.maximum(0, gradient)
""",
        ),
        (
            "ReLU: it is the input x that decides",
            """
def relu_gradprop(x, gradient):
    return gradient * (gradient > 0)
""",
        ),
        (
            "ReLU: a negative gradient passes an active neuron, too",
            """
def relu_gradprop(x, gradient):
    return np.where(x > 0, np.maximum(0, gradient), 0)
""",
        ),
        (
            "ReLU: this is the gradient as it came",
            """
def relu_gradprop(x, gradient):
    return gradient
""",
        ),
        (
            "ReLU: this is x · gradient",
            """
def relu_gradprop(x, gradient):
    return x * gradient
""",
        ),
        (
            "ReLU: a neuron at exactly 0 is silent",
            """
def relu_gradprop(x, gradient):
    return gradient * (x >= 0)
""",
        ),
        (
            "ReLU: those are the slopes",
            """
def relu_gradprop(x, gradient):
    return x > 0
""",
        ),
        (
            "ReLU: this is sign(x) · gradient",
            """
def relu_gradprop(x, gradient):
    return np.sign(x) * gradient
""",
        ),
        (
            "ReLU: the slope of an active neuron is 1, not x",
            """
def relu_gradprop(x, gradient):
    return np.maximum(0, x) * gradient
""",
        ),
        (
            "ReLU: this is the forward pass",
            """
def relu_gradprop(x, gradient):
    return np.maximum(0, x)
""",
        ),
        (
            "change",
            """
def relu_gradprop(x, gradient):
    gradient[x <= 0] = 0
    return gradient
""",
        ),
        (
            "change",
            """
def relu_gradprop(x, gradient):
    x[x > 0] = 1
    x[x <= 0] = 0
    return x * gradient
""",
        ),
    ],
    "mlp-stabilise": [
        (
            "ε has no sign",
            """
def stabilised(z, epsilon):
    return z + epsilon
""",
        ),
        (
            "np.sign(0) is 0",
            """
def stabilised(z, epsilon):
    return z + epsilon * np.sign(z)
""",
        ),
        (
            "zero denominator should count as positive",
            """
def stabilised(z, epsilon):
    return z + epsilon * np.where(z > 0, 1, -1)
""",
        ),
        (
            "The sign of z got lost",
            """
def stabilised(z, epsilon):
    return abs(z) + epsilon
""",
        ),
        (
            "towards zero",
            """
def stabilised(z, epsilon):
    return z - epsilon * np.where(z >= 0, 1, -1)
""",
        ),
        (
            "z itself is missing",
            """
def stabilised(z, epsilon):
    return epsilon * np.where(z >= 0, 1, -1)
""",
        ),
        (
            "not a factor",
            """
def stabilised(z, epsilon):
    return z * (1 + epsilon)
""",
        ),
        (
            "Every number is pushed, not only the small ones",
            """
def stabilised(z, epsilon):
    return np.where(abs(z) < epsilon, epsilon * np.where(z >= 0, 1, -1), z)
""",
        ),
        (
            "Every number is pushed, not only the small ones",
            """
def stabilised(z, epsilon):
    return np.where(abs(z) <= epsilon, z + epsilon * np.where(z >= 0, 1, -1), z)
""",
        ),
        (
            "ValueError: The truth value of an array",
            """
def stabilised(z, epsilon):
    if z >= 0:
        return z + epsilon
    return z - epsilon
""",
        ),
        (
            "changes the array",
            """
def stabilised(z, epsilon):
    z[z >= 0] += epsilon
    z[z < 0] -= epsilon
    return z
""",
        ),
        (
            "ε got lost: it is 0.5 here",
            """
def stabilised(z, epsilon):
    return z + 0.1 * np.where(z >= 0, 1, -1)
""",
        ),
        (
            "is None",
            """
def stabilised(z, epsilon):
    np.where(z >= 0, z + epsilon, z - epsilon)
""",
        ),
    ],
    "mlp-zplus": [
        (
            "This is LRP-0",
            """
def relprop_z_plus(a, weight, bias, relevance):
    z = a @ weight + bias
    return a * ((relevance / stabilise(z, 1e-6)) @ weight.T)
""",
        ),
        (
            "positive part of the bias, too",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive + bias
    return a * ((relevance / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "The bias is missing in the denominator",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive
    return a * ((relevance / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "multiply by a",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive + np.maximum(0, bias)
    return (relevance / stabilise(z, 1e-6)) @ positive.T
""",
        ),
        (
            "Step 3 still uses all weights",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive + np.maximum(0, bias)
    return a * ((relevance / stabilise(z, 1e-6)) @ weight.T)
""",
        ),
        (
            "Step 1 still uses all weights",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ weight + bias
    return a * ((relevance / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "Step 1 still uses all weights",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ weight + np.maximum(0, bias)
    return a * ((relevance / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "positive part of each weight, not of z",
            """
def relprop_z_plus(a, weight, bias, relevance):
    z = np.maximum(0, a @ weight + bias)
    c = (relevance / stabilise(z, 1e-6)) @ weight.T
    return a * np.maximum(0, c)
""",
        ),
        (
            "Step 3 needs the transposed weights",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive + np.maximum(0, bias)
    return a * ((relevance / stabilise(z, 1e-6)) @ positive)
""",
        ),
        (
            "multiply by the relevance from above",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive + np.maximum(0, bias)
    return a * ((1 / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "not 1",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = (weight > 0).astype(float)
    z = a @ positive + np.maximum(0, bias)
    return a * ((relevance / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "not its size",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = abs(weight)
    z = a @ positive + np.maximum(0, bias)
    return a * ((relevance / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "negative part",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.minimum(0, weight)
    z = a @ positive + np.maximum(0, bias)
    return a * ((relevance / stabilise(z, 1e-6)) @ positive.T)
""",
        ),
        (
            "is something divided by zero?",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive + np.maximum(0, bias)
    with np.errstate(all="ignore"):
        return a * ((relevance / z) @ positive.T)
""",
        ),
        (
            "changes its arguments",
            """
def relprop_z_plus(a, weight, bias, relevance):
    weight[weight < 0] = 0
    z = a @ weight + np.maximum(0, bias)
    return a * ((relevance / stabilise(z, 1e-6)) @ weight.T)
""",
        ),
        (
            "changes its arguments",
            """
def relprop_z_plus(a, weight, bias, relevance):
    positive = np.maximum(0, weight)
    z = a @ positive + np.maximum(0, bias)
    relevance /= stabilise(z, 1e-6)
    return a * (relevance @ positive.T)
""",
        ),
    ],
    "mlp-first-layer": [
        (
            "w²: divide by the sum over the inputs (axis 0)",
            """
def relprop_w2(weight, relevance):
    return relevance @ (weight**2 / np.sum(weight**2, axis=1, keepdims=True)).T
""",
        ),
        (
            "w²: divide by the sum over the inputs (axis 0)",
            """
def relprop_w2(weight, relevance):
    return relevance @ (weight**2 / np.sum(weight**2, axis=1)).T
""",
        ),
        (
            "w²: the shares of each neuron add up to 1, not those of all",
            """
def relprop_w2(weight, relevance):
    return relevance @ (weight**2 / np.sum(weight**2)).T
""",
        ),
        (
            "w²: step 3 needs the transposed shares",
            """
def relprop_w2(weight, relevance):
    return relevance @ (weight**2 / np.sum(weight**2, axis=0))
""",
        ),
        (
            "w²: use the squares",
            """
def relprop_w2(weight, relevance):
    return relevance @ (weight / np.sum(weight, axis=0)).T
""",
        ),
        (
            "w²: use the squares, not the sizes",
            """
def relprop_w2(weight, relevance):
    return relevance @ (abs(weight) / np.sum(abs(weight), axis=0)).T
""",
        ),
        (
            "w²: the shares have to be multiplied by the relevance",
            """
def relprop_w2(weight, relevance):
    return np.sum(weight**2 / np.sum(weight**2, axis=0), axis=1)[None]
""",
        ),
        (
            "w²: divide by the sum of each neuron's squared weights",
            """
def relprop_w2(weight, relevance):
    return relevance @ (weight**2).T
""",
        ),
        (
            "Yours is the square of the sum",
            """
def relprop_w2(weight, relevance):
    return relevance @ (weight**2 / np.sum(weight, axis=0) ** 2).T
""",
        ),
        (
            "zᴮ: where the weight is negative, `high` is the worst",
            """
def relprop_z_box(x, weight, low, high, relevance):
    z = (x - low) @ weight
    return (x - low) * ((relevance / stabilise(z, 1e-6)) @ weight.T)
""",
        ),
        (
            "zᴮ: low and high are swapped",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    z = x @ weight - high * positive.sum(axis=0) - low * negative.sum(axis=0)
    s = relevance / stabilise(z, 1e-6)
    return x * (s @ weight.T) - high * (s @ positive.T) - low * (s @ negative.T)
""",
        ),
        (
            "zᴮ: this is z⁺",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive = np.maximum(0, weight)
    return x * ((relevance / stabilise(x @ positive, 1e-6)) @ positive.T)
""",
        ),
        (
            "zᴮ: these are the shares",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    z = x @ weight - low * positive.sum(axis=0) - high * negative.sum(axis=0)
    s = 1 / stabilise(z, 1e-6)
    return x * (s @ weight.T) - low * (s @ positive.T) - high * (s @ negative.T)
""",
        ),
        (
            "zᴮ: the box is missing on the way back",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    z = x @ weight - low * positive.sum(axis=0) - high * negative.sum(axis=0)
    return x * ((relevance / stabilise(z, 1e-6)) @ weight.T)
""",
        ),
        (
            "zᴮ: the box is missing in the denominator",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    s = relevance / stabilise(x @ weight, 1e-6)
    return x * (s @ weight.T) - low * (s @ positive.T) - high * (s @ negative.T)
""",
        ),
        (
            "`high` is the worst. In yours it plays no part",
            """
def relprop_z_box(x, weight, low, high, relevance):
    return x * ((relevance / stabilise(x @ weight, 1e-6)) @ weight.T)
""",
        ),
        (
            "zᴮ: `low` and `high` are subtracted",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    z = x @ weight + low * positive.sum(axis=0) + high * negative.sum(axis=0)
    s = relevance / stabilise(z, 1e-6)
    return x * (s @ weight.T) + low * (s @ positive.T) + high * (s @ negative.T)
""",
        ),
        (
            "w⁻ is min(0, w), which is negative",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.maximum(0, -weight)
    z = x @ weight - low * positive.sum(axis=0) - high * negative.sum(axis=0)
    s = relevance / stabilise(z, 1e-6)
    return x * (s @ weight.T) - low * (s @ positive.T) - high * (s @ negative.T)
""",
        ),
        (
            "zᴮ: step 3 needs the transposed weights",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    z = x @ weight - low * positive.sum(axis=0) - high * negative.sum(axis=0)
    s = relevance / stabilise(z, 1e-6)
    return x * (s @ weight) - low * (s @ positive) - high * (s @ negative)
""",
        ),
        (
            "zᴮ: `low` is missing",
            """
def relprop_z_box(x, weight, low, high, relevance):
    negative = np.minimum(0, weight)
    s = relevance / stabilise(x @ weight - high * negative.sum(axis=0), 1e-6)
    return x * (s @ weight.T) - high * (s @ negative.T)
""",
        ),
        (
            "zᴮ: the box is given",
            """
def relprop_z_box(x, weight, low, high, relevance):
    low, high = 0.0, 2.0
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    z = x @ weight - low * positive.sum(axis=0) - high * negative.sum(axis=0)
    s = relevance / stabilise(z, 1e-6)
    return x * (s @ weight.T) - low * (s @ positive.T) - high * (s @ negative.T)
""",
        ),
        (
            "change",
            """
def relprop_z_box(x, weight, low, high, relevance):
    positive, negative = np.maximum(0, weight), np.minimum(0, weight)
    z = x @ weight - low * positive.sum(axis=0) - high * negative.sum(axis=0)
    relevance /= stabilise(z, 1e-6)
    x *= relevance @ weight.T
    return x - low * (relevance @ positive.T) - high * (relevance @ negative.T)
""",
        ),
        (
            "change",
            """
def relprop_w2(weight, relevance):
    weight **= 2
    weight /= weight.sum(axis=0)
    return relevance @ weight.T
""",
        ),
    ],
    "mlp-bias-share": [
        (
            "is the bias, −1, a factor, with its sign?",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (abs(bias) * relevance / stabilise(z, epsilon)).sum(axis=1)
""",
        ),
        (
            "is the bias, −1, a factor, with its sign?",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    s = relevance / stabilise(z, epsilon)
    return s.sum(axis=1)
""",
        ),
        (
            "Multiply by the relevance from above",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (bias / stabilise(z, epsilon)).sum(axis=1)
""",
        ),
        (
            "The bias is part of z, too",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight
    return (bias * relevance / stabilise(z, epsilon)).sum(axis=1)
""",
        ),
        (
            "do not average",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (bias * relevance / stabilise(z, epsilon)).mean(axis=1)
""",
        ),
        (
            "The numerator is the bias, not z",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (z * relevance / stabilise(z, epsilon)).sum(axis=1)
""",
        ),
        (
            "what the inputs got",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (a * ((relevance / stabilise(z, epsilon)) @ weight.T)).sum(axis=1)
""",
        ),
        (
            "ε got lost",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (bias * relevance / z).sum(axis=1)
""",
        ),
        (
            "ε needs the sign of z",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (bias * relevance / (z + epsilon)).sum(axis=1)
""",
        ),
        (
            "This is all that was taken",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    s = relevance / stabilise(z, epsilon)
    return relevance.sum(axis=1) - (a * (s @ weight.T)).sum(axis=1)
""",
        ),
        (
            "one number for each neuron. Add up over the neurons",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (bias * relevance / stabilise(z, epsilon)).sum(axis=0)
""",
        ),
        (
            "Return one number for each picture",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return (bias * relevance / stabilise(z, epsilon)).sum()
""",
        ),
        (
            "These are the shares of the neurons",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    z = a @ weight + bias
    return bias * relevance / stabilise(z, epsilon)
""",
        ),
        (
            "changes its arguments",
            """
def bias_share(a, weight, bias, relevance, epsilon):
    relevance *= bias
    relevance /= stabilise(a @ weight + bias, epsilon)
    return relevance.sum(axis=1)
""",
        ),
    ],
}
