"""Lesson 01: answers that readers would give. Wrong ones stand with a piece of the message that they should be told."""

from __future__ import annotations

RIGHT: dict[str, list[str]] = {
    "why-occlusion": [
        """
def occlusion_map(f, picture, side, fill):
    h, w = picture.shape
    r = side // 2
    out = np.empty((h, w))
    before = f(picture)
    for i in range(h):
        for j in range(w):
            p = np.array(picture, dtype=float)
            p[max(i - r, 0):min(i + r + 1, h), max(j - r, 0):min(j + r + 1, w)] = fill
            out[i, j] = before - f(p)
    return out
""",
        """
def occlusion_map(f, picture, side, fill):
    height, width = picture.shape
    rows, columns = np.indices((height, width))

    def covered(r, c):
        far = np.maximum(abs(rows - r), abs(columns - c)) > side // 2
        return np.where(far, picture, fill)

    return np.array([[f(picture) - f(covered(r, c)) for c in range(width)] for r in range(height)])
""",
        """
def occlusion_map(f, picture, side, fill):
    return attribution.occlusion(lambda p: np.array([f(q) for q in p]), picture[None], side, fill)[0]
""",
    ],
    "why-saturated": [
        """
def gradient_maps(x, weight):
    if weight @ x < 1:
        return weight, weight * x
    return np.zeros(len(x)), np.zeros(len(x))
""",
        """
def gradient_maps(x, weight):
    gradient = np.where(1 - np.dot(weight, x) > 0, weight, 0.0)
    return gradient, x * gradient
""",
    ],
    "why-natural": [
        """
def natural_decomposition(f, x):
    parts = []
    for i in range(len(x)):
        only = np.zeros(len(x))
        only[i] = x[i]
        parts.append(f(only))
    return np.array(parts)
""",
        """
def natural_decomposition(f, x):
    return np.array([f(x) - f(np.where(np.arange(len(x)) == i, 0.0, x)) for i in range(len(x))])
""",
        """
def natural_decomposition(f, x):
    rest, parts = x.copy(), []
    for i in range(len(x)):
        before = f(rest)
        rest[i] = 0
        parts.append(before - f(rest))
    return parts
""",
    ],
    "why-properties": [
        """
def property_table():
    table = {}
    for name, (f, explain) in explained.items():
        first, second = is_conservative(f, explain), is_positive(explain)
        table[name] = first, second, first and second
    return table
""",
        """
def property_table():
    return {
        "all on one pixel": [True, True, True],
        "uniform": [True, True, True],
        "natural": [True, True, True],
        "Taylor around 0": [False, True, False],
        "gradient × input": [True, False, False],
        "squared sensitivity": [False, True, False],
    }
""",
    ],
}

WRONG: dict[str, list[tuple[str, str]]] = {
    "why-occlusion": [
        (
            "begins at −1",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[row - half : row + half + 1, column - half : column + half + 1] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "The sign",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = f(covered) - f(picture)
    return lost
""",
        ),
        (
            "what is left of f",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = f(covered)
    return lost
""",
        ),
        (
            "too small",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half, max(0, column - half) : column + half] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "in the middle of the square",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[row : row + side, column : column + side] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "The squares add up",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    covered = picture.copy()
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "The squares add up",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    before = f(picture)
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = before - f(covered)
    return lost
""",
        ),
        (
            "no absolute values",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = abs(f(picture) - f(covered))
    return lost
""",
        ),
        (
            "do not cut off at 0",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = max(0, f(picture) - f(covered))
    return lost
""",
        ),
        (
            "divided by the number of covered pixels",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            square = (slice(max(0, row - half), row + half + 1), slice(max(0, column - half), column + half + 1))
            covered = picture.copy()
            covered[square] = fill
            lost[row, column] = (f(picture) - f(covered)) / covered[square].size
    return lost
""",
        ),
        (
            "The fill got lost",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = 0
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "The side got lost",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "IndexError: index 3 is out of bounds",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    half = side // 2
    for row in range(picture.shape[1]):
        for column in range(picture.shape[0]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "return",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    lost[0, 0] = 1
""",
        ),
        (
            "has shape (4, 4), it should have (3, 4)",
            """
def occlusion_map(f, picture, side, fill):
    return np.array([[4.0, 6, 6, 4], [6, 9, 9, 6], [6, 9, 9, 6], [4, 6, 6, 4]])
""",
        ),
        (
            "Nothing is covered in yours",
            """
def occlusion_map(f, picture, side, fill):
    lost, half = np.zeros(picture.shape), side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] += fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "Only the pixel itself was covered",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[row, column] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "`side` is the whole side",
            """
def occlusion_map(f, picture, side, fill):
    lost = np.zeros(picture.shape)
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - side) : row + side + 1, max(0, column - side) : column + side + 1] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
        (
            "share of f",
            """
def occlusion_map(f, picture, side, fill):
    lost, half = np.zeros(picture.shape), side // 2
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = (f(picture) - f(covered)) / f(picture)
    return lost
""",
        ),
        (
            "changes the picture",
            """
def occlusion_map(f, picture, side, fill):
    lost, half, before = np.zeros(picture.shape), side // 2, f(picture)
    original = picture.copy()
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            picture[:] = original
            picture[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = before - f(picture)
    return lost
""",
        ),
        (
            "has shape (3, 3), it should have (3, 4)",
            """
def occlusion_map(f, picture, side, fill):
    size, half = len(picture), side // 2
    lost = np.zeros((size, size))
    for row in range(size):
        for column in range(size):
            covered = picture.copy()
            covered[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = fill
            lost[row, column] = f(picture) - f(covered)
    return lost
""",
        ),
    ],
    "why-saturated": [
        (
            "Full: here w·x is 1.4",
            """
def gradient_maps(x, weight):
    return weight, weight * x
""",
        ),
        (
            "The sign",
            """
def gradient_maps(x, weight):
    g = -weight * (weight @ x < 1)
    return g, g * x
""",
        ),
        (
            "not 1",
            """
def gradient_maps(x, weight):
    g = np.ones(len(x)) * (weight @ x < 1)
    return g, g * x
""",
        ),
        (
            "not full yet",
            """
def gradient_maps(x, weight):
    g = weight * (weight @ x > 1)
    return g, g * x
""",
        ),
        (
            "Exactly full",
            """
def gradient_maps(x, weight):
    g = weight * (weight @ x <= 1)
    return g, g * x
""",
        ),
        (
            "expected 2 results",
            """
def gradient_maps(x, weight):
    return weight * (weight @ x < 1)
""",
        ),
        (
            "Full: here w·x is 1.4",
            """
def gradient_maps(x, weight):
    g = weight * (x.sum() < 1)
    return g, g * x
""",
        ),
        (
            "not times the weight",
            """
def gradient_maps(x, weight):
    g = weight * (weight @ x < 1)
    return g, g * weight
""",
        ),
        (
            "Exactly full counts as full",
            """
def gradient_maps(x, weight):
    if weight @ x > 1:
        return np.zeros(len(x)), np.zeros(len(x))
    return weight, weight * x
""",
        ),
        (
            "First the gradient alone",
            """
def gradient_maps(x, weight):
    product = weight * x * (weight @ x < 1)
    return product, product
""",
        ),
        (
            "swapped",
            """
def gradient_maps(x, weight):
    gradient = weight * (weight @ x < 1)
    return gradient * x, gradient
""",
        ),
        (
            "squared",
            """
def gradient_maps(x, weight):
    gradient = weight**2 * (weight @ x < 1)
    return gradient, gradient * x
""",
        ),
        (
            "for all inputs together",
            """
def gradient_maps(x, weight):
    gradient = weight * (weight * x < 1)
    return gradient, gradient * x
""",
        ),
        (
            "changes its arguments",
            """
def gradient_maps(x, weight):
    gradient = weight * (weight @ x < 1)
    x *= gradient
    return gradient, x
""",
        ),
        (
            "is None",
            """
def gradient_maps(x, weight):
    if weight @ x < 1:
        return weight, None
""",
        ),
    ],
    "why-natural": [
        (
            "what is left",
            """
def natural_decomposition(f, x):
    relevance = np.zeros(len(x))
    for i in range(len(x)):
        without = x.copy()
        without[i] = 0.0
        relevance[i] = f(without)
    return relevance
""",
        ),
        (
            "one after the other",
            """
def natural_decomposition(f, x):
    relevance = np.zeros(len(x))
    without = x.copy()
    for i in range(len(x)):
        without[i] = 0.0
        relevance[i] = f(x) - f(without)
    return relevance
""",
        ),
        (
            "one after the other",
            """
def natural_decomposition(f, x):
    relevance = np.zeros(len(x))
    before = f(x)
    for i in range(len(x)):
        kept = x[i]
        x[i] = 0.0
        relevance[i] = before - f(x)
    return relevance
""",
        ),
        (
            "shape",
            """
def natural_decomposition(f, x):
    return np.array([x[0] ** 2, 2 * x[1]])
""",
        ),
        (
            "uniform",
            """
def natural_decomposition(f, x):
    return np.full(len(x), f(x) / len(x))
""",
        ),
        (
            "This is gradient × input",
            """
def natural_decomposition(f, x):
    g = np.array([(f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in np.eye(len(x))])
    return g * x
""",
        ),
        (
            "The sign",
            """
def natural_decomposition(f, x):
    return np.array([f(np.where(np.arange(len(x)) == i, 0.0, x)) - f(x) for i in range(len(x))])
""",
        ),
        (
            "This is the gradient",
            """
def natural_decomposition(f, x):
    return np.array([(f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in np.eye(len(x))])
""",
        ),
        (
            "Set input i to 0, do not take 1 from it",
            """
def natural_decomposition(f, x):
    return np.array([f(x) - f(x - e) for e in np.eye(len(x))])
""",
        ),
        (
            "changes x",
            """
def natural_decomposition(f, x):
    found, before = np.zeros(len(x)), f(x)
    for i in range(len(x)):
        found[i] = before - f(np.where(np.arange(len(x)) == i, 0.0, x))
    x[:] = 0
    return found
""",
        ),
        (
            "no absolute values",
            """
def natural_decomposition(f, x):
    return np.array([abs(f(x) - f(np.where(np.arange(len(x)) == i, 0.0, x))) for i in range(len(x))])
""",
        ),
    ],
    "why-properties": [
        (
            "missing",
            """
def property_table():
    return {"all on one pixel": (True, True, True)}
""",
        ),
        (
            "Taylor around 0",
            """
def property_table():
    return {name: (True, True, True) for name in explained}
""",
        ),
        (
            "all on one pixel",
            """
def property_table():
    return {name: (False, False, False) for name in explained}
""",
        ),
        (
            "consistent means",
            """
def property_table():
    return {name: (True, False, True) for name in explained}
""",
        ),
        (
            "expected three values",
            """
def property_table():
    return {name: "yes" for name in explained}
""",
        ),
        (
            "dictionary",
            """
def property_table():
    return [True] * 18
""",
        ),
        (
            "x₂ ≥ 0",
            """
def property_table():
    table = {name: (True, True, True) for name in explained}
    table["Taylor around 0"] = (False, False, False)
    return table
""",
        ),
        (
            "adds up to 2x₁ − x₂",
            """
def property_table():
    table = {name: (True, True, True) for name in explained}
    table["Taylor around 0"] = (False, True, False)
    table["gradient × input"] = (False, False, False)
    return table
""",
        ),
        (
            "never negative",
            """
def property_table():
    table = {name: (True, True, True) for name in explained}
    table["Taylor around 0"] = (False, True, False)
    table["gradient × input"] = (True, False, False)
    table["squared sensitivity"] = (False, False, False)
    return table
""",
        ),
        (
            "at x = (2, 1) it gives (4, −1)",
            """
def property_table():
    table = {name: (True, True, True) for name in explained}
    table["Taylor around 0"] = (False, True, False)
    table["squared sensitivity"] = (False, True, False)
    return table
""",
        ),
        (
            "f(x) is 0",
            """
def property_table():
    table = {name: (True, True, True) for name in explained}
    table["Taylor around 0"] = (False, True, False)
    table["gradient × input"] = (True, False, False)
    return table
""",
        ),
        (
            "natural: the parts",
            """
def property_table():
    table = {name: (True, True, True) for name in explained}
    table["natural"] = (False, True, False)
    return table
""",
        ),
        (
            "dictionary",
            """
def property_table():
    print({"all on one pixel": (True, True, True)})
""",
        ),
        (
            "expected three values",
            """
def property_table():
    return {name: (True, True) for name in explained}
""",
        ),
        (
            "spelt otherwise",
            """
def property_table():
    return {
        "one pixel": (True, True, True),
        "uniform": (True, True, True),
        "natural": (True, True, True),
        "taylor": (False, True, False),
        "gradient x input": (True, False, False),
        "squared sensitivity": (False, True, False),
    }
""",
        ),
    ],
}
