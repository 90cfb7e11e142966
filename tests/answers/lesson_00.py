"""Lesson 00: answers that readers would give. Wrong ones stand with a piece of the message that they should be told."""

from __future__ import annotations

RIGHT: dict[str, list[str]] = {
    "start-percent": [
        """
def percent(relevance):
    found = np.zeros(relevance.shape)
    total = 0.0
    for index in np.ndindex(relevance.shape):
        total += relevance[index]
    for index in np.ndindex(relevance.shape):
        found[index] = relevance[index] / total * 100
    return found
""",
        """
def percent(relevance):
    share = np.divide(relevance, np.sum(relevance))
    share *= 100
    return share
""",
        """
def percent(relevance):
    return np.einsum("...,->...", relevance, 100 / np.einsum("i->", relevance.reshape(-1)))
""",
    ],
    "start-strongest": [
        """
def strongest_pixel(relevance, image_shape):
    return divmod(int(np.argmax(relevance)), image_shape[1])
""",
        """
def strongest_pixel(relevance, image_shape):
    return np.unravel_index(relevance.argmax(), image_shape)
""",
        """
def strongest_pixel(relevance, image_shape):
    height, width = image_shape
    best = (0, 0)
    for row in range(height):
        for column in range(width):
            if relevance[row * width + column] > relevance[best[0] * width + best[1]]:
                best = (row, column)
    return best
""",
        """
def strongest_pixel(relevance, image_shape):
    return np.argwhere(relevance.reshape(image_shape) == relevance.max())[0]
""",
    ],
}

WRONG: dict[str, list[tuple[str, str]]] = {
    "start-percent": [
        (
            "they are fractions",
            """
def percent(relevance):
    return relevance / relevance.sum()
""",
        ),
        (
            "not by the largest value",
            """
def percent(relevance):
    return 100 * relevance / relevance.max()
""",
        ),
        (
            "not by the number of pixels",
            """
def percent(relevance):
    return 100 * relevance / len(relevance)
""",
        ),
        (
            "not by the number of pixels",
            """
def percent(relevance):
    return 100 * relevance / relevance.size
""",
        ),
        (
            "Divide each relevance by the sum",
            """
def percent(relevance):
    return 100 * relevance
""",
        ),
        (
            "This is one number",
            """
def percent(relevance):
    return 100 * relevance.sum()
""",
        ),
        (
            "Multiply by 100",
            """
def percent(relevance):
    return relevance / (100 * relevance.sum())
""",
        ),
        (
            "upside down",
            """
def percent(relevance):
    return 100 * relevance.sum() / relevance
""",
        ),
        (
            "not their sizes",
            """
def percent(relevance):
    return 100 * relevance / abs(relevance).sum()
""",
        ),
        (
            "A negative relevance stays negative",
            """
def percent(relevance):
    return 100 * abs(relevance) / abs(relevance).sum()
""",
        ),
        (
            "do not set it to zero",
            """
def percent(relevance):
    return 100 * np.maximum(0, relevance) / np.maximum(0, relevance).sum()
""",
        ),
        (
            "Do not round",
            """
def percent(relevance):
    return (100 * relevance / relevance.sum()).round()
""",
        ),
        (
            "changes the array",
            """
def percent(relevance):
    relevance /= relevance.sum()
    relevance *= 100
    return relevance
""",
        ),
        (
            "not by that of each column",
            """
def percent(relevance):
    return 100 * relevance / sum(relevance)
""",
        ),
        (
            "The sum is not always 8",
            """
def percent(relevance):
    return 12.5 * relevance
""",
        ),
        (
            "is None",
            """
def percent(relevance):
    print(100 * relevance / relevance.sum())
""",
        ),
    ],
    "start-strongest": [
        (
            "yours are swapped",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    return position % image_shape[1], position // image_shape[1]
""",
        ),
        (
            "counted from 0",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    return position // image_shape[1] + 1, position % image_shape[1] + 1
""",
        ),
        (
            "not by the height",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    return position // image_shape[0], position % image_shape[0]
""",
        ),
        (
            "not by the height",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    return position // image_shape[0], position % image_shape[1]
""",
        ),
        (
            "take the width there, too",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    return position // image_shape[1], position % image_shape[0]
""",
        ),
        (
            "the most negative",
            """
def strongest_pixel(relevance, image_shape):
    position = abs(relevance).argmax()
    return position // image_shape[1], position % image_shape[1]
""",
        ),
        (
            "the most negative",
            """
def strongest_pixel(relevance, image_shape):
    return divmod(relevance.argmin(), image_shape[1])
""",
        ),
        (
            "whole number",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    return position / image_shape[1], position % image_shape[1]
""",
        ),
        (
            "Return two numbers",
            """
def strongest_pixel(relevance, image_shape):
    return relevance.argmax()
""",
        ),
        (
            "Return two numbers",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    print(position // image_shape[1], position % image_shape[1])
""",
        ),
        (
            "not the relevance itself",
            """
def strongest_pixel(relevance, image_shape):
    return relevance.reshape(image_shape).max(axis=1).argmax(), relevance.max()
""",
        ),
        (
            "The width is not always 8",
            """
def strongest_pixel(relevance, image_shape):
    position = relevance.argmax()
    return position // 8, position % 8
""",
        ),
        (
            "Divide by the width",
            """
def strongest_pixel(relevance, image_shape):
    return np.unravel_index(relevance.argmax(), image_shape, order="F")
""",
        ),
        (
            "changes the array",
            """
def strongest_pixel(relevance, image_shape):
    relevance.shape = image_shape
    return np.argwhere(relevance == relevance.max())[0]
""",
        ),
        (
            "changes the array",
            """
def strongest_pixel(relevance, image_shape):
    relevance.sort()
    return divmod(relevance.argmax(), image_shape[1])
""",
        ),
    ],
}
