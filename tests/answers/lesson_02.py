"""Lesson 02: answers that readers would give. Wrong ones stand with a piece of the message that they should be told."""

from __future__ import annotations

RIGHT: dict[str, list[str]] = {
    "taylor-first-order": [
        """
def expand_first_order(function, x, root):
    line = sp.diff(function, x).subs(x, root) * (x - root) + function.subs(x, root)
    return sp.expand(line)
""",
        """
def expand_first_order(function, x, root):
    step = sp.Symbol("step", real=True)
    moved = function.subs(x, root + step)
    value, slope = moved.subs(step, 0), sp.diff(moved, step).subs(step, 0)
    return sp.simplify(value + slope * x - slope * root)
""",
        """
def expand_first_order(function, x, root):
    values = sp.lambdify(x, function, "sympy"), sp.lambdify(x, function.diff(x), "sympy")
    return values[0](root) - values[1](root) * (root - x)
""",
    ],
    "taylor-step": [
        """
def step_along_weights(inputs, weights, bias):
    z, squares = bias, 0
    for i in range(len(inputs)):
        z += weights[i] * inputs[i]
        squares += weights[i] ** 2
    return -z / squares
""",
        """
def step_along_weights(inputs, weights, bias):
    x, w = sp.Matrix(inputs), sp.Matrix(weights)
    return -(w.dot(x) + bias) / w.dot(w)
""",
        """
def step_along_weights(inputs, weights, bias):
    t = sp.Dummy("step")
    z = bias
    for x, w in zip(inputs, weights):
        z = z + w * (x + t * w)
    z = sp.expand(z)
    return sp.simplify(-z.coeff(t, 0) / z.coeff(t, 1))
""",
    ],
    "taylor-w2": [
        """
def w2_relevance(x, weight, bias):
    z, squares = bias, 0.0
    for i in range(len(x)):
        z = z + weight[i] * x[i]
        squares = squares + weight[i] ** 2
    return [w * w * z / squares for w in weight]
""",
        """
def w2_relevance(x, weight, bias):
    t = -(np.dot(x, weight) + bias) / np.dot(weight, weight)
    root = x + t * weight
    return weight * (x - root)
""",
        """
def w2_relevance(x, weight, bias):
    squares = np.square(weight)
    return np.einsum("i,->i", squares / squares.sum(), np.einsum("i,i->", x, weight) + bias)
""",
    ],
    "taylor-direction": [
        """
def relevance_along(x, weight, bias, direction):
    f = sum(w * value for w, value in zip(weight, x)) + bias
    total = sum(w * d for w, d in zip(weight, direction))
    return np.array([w * d / total * f for w, d in zip(weight, direction)])
""",
        """
def relevance_along(x, weight, bias, direction):
    t = -(weight @ x + bias) / (weight @ direction)
    root = x + t * direction
    return weight * (x - root)
""",
        """
def relevance_along(x, weight, bias, direction):
    f = max(0.0, np.einsum("i,i", weight, x) + bias)
    return f * np.multiply(weight, direction) / np.inner(weight, direction)
""",
    ],
    "taylor-zbox": [
        """
def z_box_relevance(x, weight, bias, low, high):
    f = weight @ x + bias
    climbs = []
    for i in range(len(x)):
        worst = low if weight[i] > 0 else high
        climbs.append(weight[i] * (x[i] - worst))
    return [climb * f / sum(climbs) for climb in climbs]
""",
        """
def z_box_relevance(x, weight, bias, low, high):
    direction = x - np.where(weight > 0, low, high)
    return relevance_along(x, weight, bias, direction)
""",
        """
def z_box_relevance(x, weight, bias, low, high):
    corner = np.full(x.shape, low)
    corner[weight < 0] = high
    t = -(x @ weight + bias) / ((x - corner) @ weight)
    return weight * (x - (x + t * (x - corner)))
""",
    ],
}

WRONG: dict[str, list[tuple[str, str]]] = {
    "taylor-first-order": [
        (
            "The slope has to be taken at the root, too",
            """
def expand_first_order(function, x, root):
    return function.subs(x, root) + sp.diff(function, x) * (x - root)
""",
        ),
        (
            "The value at the root is missing",
            """
def expand_first_order(function, x, root):
    return sp.diff(function, x).subs(x, root) * (x - root)
""",
        ),
        (
            "The slope is missing",
            """
def expand_first_order(function, x, root):
    return function.subs(x, root) + (x - root)
""",
        ),
        (
            "not from the function itself",
            """
def expand_first_order(function, x, root):
    return function + sp.diff(function, x).subs(x, root) * (x - root)
""",
        ),
        (
            "yours has the other sign",
            """
def expand_first_order(function, x, root):
    return function.subs(x, root) + sp.diff(function, x).subs(x, root) * (root - x)
""",
        ),
        (
            "not from the root itself",
            """
def expand_first_order(function, x, root):
    return root + sp.diff(function, x).subs(x, root) * (x - root)
""",
        ),
        (
            "you subtract the function's value there",
            """
def expand_first_order(function, x, root):
    value = function.subs(x, root)
    return value + sp.diff(function, x).subs(x, root) * (x - value)
""",
        ),
        (
            "The distance is x − root, not x",
            """
def expand_first_order(function, x, root):
    return function.subs(x, root) + sp.diff(function, x).subs(x, root) * x
""",
        ),
        (
            "before you differentiated",
            """
def expand_first_order(function, x, root):
    value = function.subs(x, root)
    return value + sp.diff(value, x) * (x - root)
""",
        ),
        (
            "Stop after the slope",
            """
def expand_first_order(function, x, root):
    first, second = sp.diff(function, x), sp.diff(function, x, 2)
    distance = x - root
    return function.subs(x, root) + first.subs(x, root) * distance + second.subs(x, root) * distance**2 / 2
""",
        ),
        (
            "its own symbols",
            """
def expand_first_order(function, x, root):
    line = function.subs(x, root) + sp.diff(function, x).subs(x, root) * (x - root)
    return line.subs(x, sp.Symbol("x"))
""",
        ),
        (
            "use the x that is given",
            """
def expand_first_order(function, x, root):
    x = sp.Symbol("x")
    return function.subs(x, root) + sp.diff(function, x).subs(x, root) * (x - root)
""",
        ),
        (
            "`return`",
            """
def expand_first_order(function, x, root):
    print(function.subs(x, root) + sp.diff(function, x).subs(x, root) * (x - root))
""",
        ),
        (
            "No x is left in yours",
            """
def expand_first_order(function, x, root):
    return (function + sp.diff(function, x) * (x - root)).subs(x, root)
""",
        ),
    ],
    "taylor-step": [
        (
            "The sign",
            """
def step_along_weights(inputs, weights, bias):
    return (sum(w * x for w, x in zip(weights, inputs)) + bias) / sum(w**2 for w in weights)
""",
        ),
        (
            "The sign",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sp.solve(sum(w * (x - t * w) for w, x in zip(weights, inputs)) + bias, t)[0]
""",
        ),
        (
            "The bias is missing",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sp.solve(sum(w * (x + t * w) for w, x in zip(weights, inputs)), t)[0]
""",
        ),
        (
            "moves input i by t·w_i",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sp.solve(sum(w * (x + t) for w, x in zip(weights, inputs)) + bias, t)[0]
""",
        ),
        (
            "not by its square root",
            """
def step_along_weights(inputs, weights, bias):
    length = sp.sqrt(sum(w**2 for w in weights))
    return -(sum(w * x for w, x in zip(weights, inputs)) + bias) / length
""",
        ),
        (
            "the square of the sum",
            """
def step_along_weights(inputs, weights, bias):
    return -(sum(w * x for w, x in zip(weights, inputs)) + bias) / sum(weights) ** 2
""",
        ),
        (
            "The weights are missing in the sum",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sp.solve(sum(x + t * w for w, x in zip(weights, inputs)) + bias, t)[0]
""",
        ),
        (
            "The bias belongs in the sum once",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sp.solve(sum(w * (x + t * w) + bias for w, x in zip(weights, inputs)), t)[0]
""",
        ),
        (
            "for two inputs, but not for one",
            """
def step_along_weights(inputs, weights, bias):
    (x1, x2), (w1, w2) = inputs * 2 if len(inputs) == 1 else inputs, weights * 2 if len(weights) == 1 else weights
    return -(w1 * x1 + w2 * x2 + bias) / (w1**2 + w2**2)
""",
        ),
        (
            "take its first entry",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sp.solve(sum(w * (x + t * w) for w, x in zip(weights, inputs)) + bias, t)
""",
        ),
        (
            "symbols of your own, ['t']",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sum(w * (x + t * w) for w, x in zip(weights, inputs)) + bias
""",
        ),
        (
            "Your result is a number",
            """
def step_along_weights(inputs, weights, bias):
    return sp.Rational(-3, 5) if len(inputs) == 2 else sp.Rational(-1, 4)
""",
        ),
        (
            "added to the sum, not subtracted",
            """
def step_along_weights(inputs, weights, bias):
    t = sp.Symbol("t", real=True)
    return sp.solve(sum(w * (x + t * w) for w, x in zip(weights, inputs)) - bias, t)[0]
""",
        ),
    ],
    "taylor-w2": [
        (
            "The bias is missing from z",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / np.sum(weight**2) * (weight @ x)
""",
        ),
        (
            "not with w.",
            """
def w2_relevance(x, weight, bias):
    return weight / np.sum(weight) * (weight @ x + bias)
""",
        ),
        (
            "not with w·x",
            """
def w2_relevance(x, weight, bias):
    return weight * x / np.sum(weight * x) * (weight @ x + bias)
""",
        ),
        (
            "These are the distances",
            """
def w2_relevance(x, weight, bias):
    return weight / np.sum(weight**2) * (weight @ x + bias)
""",
        ),
        (
            "The sign",
            """
def w2_relevance(x, weight, bias):
    t = -(weight @ x + bias) / np.sum(weight**2)
    return weight * t * weight
""",
        ),
        (
            "These are the shares",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / np.sum(weight**2)
""",
        ),
        (
            "This is the root itself",
            """
def w2_relevance(x, weight, bias):
    return x - weight * (weight @ x + bias) / np.sum(weight**2)
""",
        ),
        (
            "added, not subtracted",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / np.sum(weight**2) * (weight @ x - bias)
""",
        ),
        (
            "not the square of the sum",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / np.sum(weight) ** 2 * (weight @ x + bias)
""",
        ),
        (
            "one number for the whole neuron",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / np.sum(weight**2) * (weight * x + bias)
""",
        ),
        (
            "This is w·x + b, input by input",
            """
def w2_relevance(x, weight, bias):
    return weight * x + bias
""",
        ),
        (
            "not by its square root, the length of w",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / np.linalg.norm(weight) * (weight @ x + bias)
""",
        ),
        (
            "Divide by the sum of the squares, so that",
            """
def w2_relevance(x, weight, bias):
    return weight**2 * (weight @ x + bias)
""",
        ),
        (
            "changes its arguments",
            """
def w2_relevance(x, weight, bias):
    z = weight @ x + bias
    weight **= 2
    return weight / weight.sum() * z
""",
        ),
        (
            "belongs in z once",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / np.sum(weight**2) * np.sum(weight * x + bias)
""",
        ),
        (
            "not by the sum of the weights",
            """
def w2_relevance(x, weight, bias):
    return weight**2 / weight.sum() * (weight @ x + bias)
""",
        ),
        (
            "not with w²·x",
            """
def w2_relevance(x, weight, bias):
    return weight**2 * x / (weight**2 @ x) * (weight @ x + bias)
""",
        ),
        (
            "not with the size of w",
            """
def w2_relevance(x, weight, bias):
    return abs(weight) / abs(weight).sum() * (weight @ x + bias)
""",
        ),
        (
            "Each input gets the same",
            """
def w2_relevance(x, weight, bias):
    return np.full(len(x), (weight @ x + bias) / len(x))
""",
        ),
    ],
    "taylor-direction": [
        (
            "The weights are missing",
            """
def relevance_along(x, weight, bias, direction):
    return direction / direction.sum() * (weight @ x + bias)
""",
        ),
        (
            "The bias is missing",
            """
def relevance_along(x, weight, bias, direction):
    climb = weight * direction
    return climb / climb.sum() * (weight @ x)
""",
        ),
        (
            "These are the shares",
            """
def relevance_along(x, weight, bias, direction):
    climb = weight * direction
    return climb / climb.sum()
""",
        ),
        (
            "Divide by their sum",
            """
def relevance_along(x, weight, bias, direction):
    return weight * direction
""",
        ),
        (
            "not the sum of d",
            """
def relevance_along(x, weight, bias, direction):
    return weight * direction / direction.sum() * (weight @ x + bias)
""",
        ),
        (
            "no absolute values",
            """
def relevance_along(x, weight, bias, direction):
    climb = abs(weight * direction)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "This is the w² rule",
            """
def relevance_along(x, weight, bias, direction):
    return weight**2 / np.sum(weight**2) * (weight @ x + bias)
""",
        ),
        (
            "The sign",
            """
def relevance_along(x, weight, bias, direction):
    t = -(weight @ x + bias) / (weight @ direction)
    return weight * t * direction
""",
        ),
        (
            "This is the z rule",
            """
def relevance_along(x, weight, bias, direction):
    return weight * x / (weight @ x) * (weight @ x + bias)
""",
        ),
        (
            "These are the distances",
            """
def relevance_along(x, weight, bias, direction):
    return direction / (weight @ direction) * (weight @ x + bias)
""",
        ),
        (
            "This is the root itself",
            """
def relevance_along(x, weight, bias, direction):
    return x - direction / (weight @ direction) * (weight @ x + bias)
""",
        ),
        (
            "not that of d²",
            """
def relevance_along(x, weight, bias, direction):
    return weight * direction / (direction @ direction) * (weight @ x + bias)
""",
        ),
        (
            "A longer or reversed direction",
            """
def relevance_along(x, weight, bias, direction):
    climb = np.maximum(0, weight * direction) + np.minimum(0, weight * direction)
    return climb / abs(climb.sum()) * (weight @ x + bias)
""",
        ),
        (
            "changes its arguments",
            """
def relevance_along(x, weight, bias, direction):
    direction *= weight
    return direction / direction.sum() * (weight @ x + bias)
""",
        ),
        (
            "not with x·d",
            """
def relevance_along(x, weight, bias, direction):
    return x * direction / (x @ direction) * (weight @ x + bias)
""",
        ),
        (
            "not with w·d·x",
            """
def relevance_along(x, weight, bias, direction):
    climb = weight * direction * x
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "No absolute values in the denominator",
            """
def relevance_along(x, weight, bias, direction):
    climb = weight * direction
    return climb / abs(climb).sum() * (weight @ x + bias)
""",
        ),
        (
            "added, not subtracted",
            """
def relevance_along(x, weight, bias, direction):
    climb = weight * direction
    return climb / climb.sum() * (weight @ x - bias)
""",
        ),
        (
            "belongs in f(x) once",
            """
def relevance_along(x, weight, bias, direction):
    climb = weight * direction
    return climb / climb.sum() * sum(w * value + bias for w, value in zip(weight, x))
""",
        ),
    ],
    "taylor-zbox": [
        (
            "Low and high are swapped",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * np.where(weight > 0, x - high, x - low)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "You used `low` for all inputs",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * (x - low)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "You used `high` for all inputs",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * (x - high)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "The bias is missing",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * np.where(weight > 0, x - low, x - high)
    return climb / climb.sum() * (weight @ x)
""",
        ),
        (
            "This is the z rule",
            """
def z_box_relevance(x, weight, bias, low, high):
    return weight * x / (weight @ x) * (weight @ x + bias)
""",
        ),
        (
            "This is the w² rule",
            """
def z_box_relevance(x, weight, bias, low, high):
    return weight**2 / np.sum(weight**2) * (weight @ x + bias)
""",
        ),
        (
            "Divide by their sum",
            """
def z_box_relevance(x, weight, bias, low, high):
    return weight * np.where(weight > 0, x - low, x - high)
""",
        ),
        (
            "These are the shares",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * np.where(weight > 0, x - low, x - high)
    return climb / climb.sum()
""",
        ),
        (
            "The weights are missing",
            """
def z_box_relevance(x, weight, bias, low, high):
    direction = np.where(weight > 0, x - low, x - high)
    return direction / direction.sum() * (weight @ x + bias)
""",
        ),
        (
            "as by z⁺",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = np.maximum(0, weight) * x
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "subtracted, not added",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * x + np.maximum(0, weight) * low + np.minimum(0, weight) * high
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "You used `low` for all inputs: where",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * (x - low) if weight.sum() > 0 else weight * (x - high)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "w⁻ is min(0, w)",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * x - np.maximum(0, weight) * low - np.maximum(0, -weight) * high
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "not high − x",
            """
def z_box_relevance(x, weight, bias, low, high):
    direction = abs(np.where(weight > 0, x - low, x - high))
    return weight * direction / (weight * direction).sum() * (weight @ x + bias)
""",
        ),
        (
            "The box is given by `low` and `high`",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * np.where(weight > 0, x + 4, x - 9)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "changes its arguments",
            """
def z_box_relevance(x, weight, bias, low, high):
    f = weight @ x + bias
    x -= np.where(weight > 0, low, high)
    return weight * x / (weight @ x) * f
""",
        ),
        (
            "as by z⁺",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = np.maximum(0, weight) * (x - low)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "An inhibiting input has a direction, too",
            """
def z_box_relevance(x, weight, bias, low, high):
    climb = weight * np.where(weight > 0, x - low, 0)
    return climb / climb.sum() * (weight @ x + bias)
""",
        ),
        (
            "The weight enters twice",
            """
def z_box_relevance(x, weight, bias, low, high):
    direction = weight * x - np.maximum(0, weight) * low - np.minimum(0, weight) * high
    return relevance_along(x, weight, bias, direction)
""",
        ),
        (
            "not high − x",
            """
def z_box_relevance(x, weight, bias, low, high):
    direction = np.where(weight > 0, x - low, high - x)
    return relevance_along(x, weight, bias, direction)
""",
        ),
    ],
}
