"""Lesson 04: answers that readers would give. Wrong ones stand with a piece of the message that they should be told."""

from __future__ import annotations

RIGHT: dict[str, list[str]] = {
    "rules-family": [
        """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    n, inputs = a.shape
    version, shift = rho(weight), rho(bias)
    found = np.zeros((n, inputs))
    for row in range(n):
        for k in range(weight.shape[1]):
            total = sum(a[row, j] * version[j, k] for j in range(inputs)) + shift[k]
            total = total + epsilon if total >= 0 else total - epsilon
            for j in range(inputs):
                found[row, j] += a[row, j] * version[j, k] / total * relevance[row, k]
    return found
def gamma_weights(weight, gamma):
    return np.where(weight > 0, (1 + gamma) * weight, weight)
""",
        """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    products = np.einsum("nj,jk->njk", a, rho(weight))
    z = products.sum(axis=1) + rho(bias)
    z = z + epsilon * (2 * (z >= 0) - 1)
    return np.einsum("njk,nk->nj", products, relevance / z)
def gamma_weights(weight, gamma):
    return weight + gamma * weight.clip(0)
""",
    ],
    "rules-gamma-limit": [
        """
def gamma_for(raised, lowered, at_most):
    gamma = lowered * (1 + at_most) / (at_most * raised) - 1
    return gamma if gamma > 0 else 0
""",
        """
def gamma_for(raised, lowered, at_most):
    if lowered == 0:
        return 0.0
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        if lowered / ((1 + middle) * raised - lowered) > at_most:
            low = middle
        else:
            high = middle
    return high
""",
        """
def gamma_for(raised, lowered, at_most):
    g = sp.Symbol("g")
    if lowered == 0:
        return 0.0
    found = sp.solve(lowered - at_most * ((1 + g) * raised - lowered), g)[0]
    return max(0.0, float(found))
""",
    ],
    "rules-empty-side": [
        """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    found = np.zeros(a.shape)
    for row in range(len(a)):
        for k in range(weight.shape[1]):
            parts = a[row] * weight[:, k]
            up, down = parts[parts > 0].sum(), parts[parts < 0].sum()
            for j, part in enumerate(parts):
                if part > 0:
                    found[row, j] += (alpha if down else 1) * part / up * relevance[row, k]
                if part < 0:
                    found[row, j] += (-beta if up else 1) * part / down * relevance[row, k]
    return found
""",
        """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    parts = a[:, :, None] * weight
    up, down = np.clip(parts, 0, None), np.clip(parts, None, 0)
    p, n = up.sum(axis=1), down.sum(axis=1)
    wp = np.where((p > 0) & (n < 0), alpha, 1.0)
    wn = np.where((p > 0) & (n < 0), -beta, 1.0)
    safe_p, safe_n = np.where(p == 0, 1, p), np.where(n == 0, 1, n)
    shares = up * (wp / safe_p)[:, None] + down * (wn / safe_n)[:, None]
    return (shares * relevance[:, None]).sum(axis=2)
""",
    ],
    "rules-composite": [
        """
def my_composite():
    return [rules.ZBox(-1, 1), rules.Gamma(1.0), rules.LRP0()]
""",
        """
def my_composite():
    return [rules.ZBox(-1.0, 1.0), rules.ZPlus(), rules.Epsilon()]
""",
        """
def my_composite():
    return (rules.ZBox(-1.0, 1.0), rules.LRP0(), rules.ZPlus())
""",
    ],
    "rules-contrastive": [
        """
def contrastive_start(logits, c):
    start = np.zeros(logits.shape)
    for row, z in enumerate(logits):
        rivals = [k for k in range(len(z)) if k != c]
        weights = {k: np.exp(z[k] - z[c]) for k in rivals}
        start[row, c] = z[c]
        for k in rivals:
            start[row, k] = -weights[k] / sum(weights.values()) * z[k]
    return start
""",
        """
def contrastive_start(logits, c):
    return targets.Contrastive(c).start(logits)
""",
        """
def contrastive_start(logits, c):
    masked = logits.copy()
    masked[:, c] = -np.inf
    q = np.exp(masked - masked.max(axis=1, keepdims=True))
    q = q / q.sum(axis=1, keepdims=True)
    return np.where(np.arange(logits.shape[1]) == c, logits, -q * logits)
""",
    ],
}

WRONG: dict[str, list[tuple[str, str]]] = {
    "rules-family": [
        (
            "not the sum a·w",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    s = relevance / stabilise(rho(a @ weight) + rho(bias), epsilon)
    return a * (s @ rho(weight).T)


def gamma_weights(weight, gamma):
    return weight + gamma * np.maximum(0, weight)
""",
        ),
        (
            "not γ alone",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    s = relevance / stabilise(a @ rho(weight) + rho(bias), epsilon)
    return a * (s @ rho(weight).T)


def gamma_weights(weight, gamma):
    return np.where(weight > 0, weight + gamma, weight)
""",
        ),
        (
            "ε got lost",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = a @ rho(weight) + rho(bias)
    return a * ((relevance / z) @ rho(weight).T)
""",
        ),
        (
            "sign of z",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = a @ rho(weight) + rho(bias) + epsilon
    return a * ((relevance / z) @ rho(weight).T)
""",
        ),
        (
            "bias is missing",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ rho(weight), epsilon)
    return a * ((relevance / z) @ rho(weight).T)
""",
        ),
        (
            "applied to the bias",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ rho(weight) + bias, epsilon)
    return a * ((relevance / z) @ rho(weight).T)
""",
        ),
        (
            "Step 3",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ rho(weight) + rho(bias), epsilon)
    return a * ((relevance / z) @ weight.T)
""",
        ),
        (
            "Step 1",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ weight + bias, epsilon)
    return a * ((relevance / z) @ rho(weight).T)
""",
        ),
        (
            "ρ is never used",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ weight + bias, epsilon)
    return a * ((relevance / z) @ weight.T)
""",
        ),
        (
            "multiply by a",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ rho(weight) + rho(bias), epsilon)
    return (relevance / z) @ rho(weight).T
""",
        ),
        (
            "transposed",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ rho(weight) + rho(bias), epsilon)
    return a * ((relevance / z) @ rho(weight))
""",
        ),
        (
            "relevance from above",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    z = stabilise(a @ rho(weight) + rho(bias), epsilon)
    return a * ((1 / z) @ rho(weight).T)
""",
        ),
        (
            "weight itself stays",
            """
def gamma_weights(weight, gamma):
    return gamma * np.maximum(0, weight)
""",
        ),
        (
            "Negative weights stay",
            """
def gamma_weights(weight, gamma):
    return (1 + gamma) * weight
""",
        ),
        (
            "Negative weights stay",
            """
def gamma_weights(weight, gamma):
    return (1 + gamma) * np.maximum(0, weight)
""",
        ),
        (
            "γ is missing",
            """
def gamma_weights(weight, gamma):
    return weight + np.maximum(0, weight)
""",
        ),
        (
            "change",
            """
def gamma_weights(weight, gamma):
    weight[weight > 0] *= 1 + gamma
    return weight
""",
        ),
        (
            "One neuron with z = −2, and ε = 1",
            """
def relprop_rho(a, weight, bias, relevance, rho, epsilon):
    return np.array([[-0.5, 5.0]])
""",
        ),
    ],
    "rules-gamma-limit": [
        (
            "not `min`",
            """
def gamma_for(raised, lowered, at_most):
    return min(0.0, (lowered + lowered / at_most) / raised - 1)
""",
        ),
        (
            "without its minus",
            """
def gamma_for(raised, lowered, at_most):
    return (lowered - lowered / at_most) / raised - 1
""",
        ),
        (
            "taken without its minus",
            """
def gamma_for(raised, lowered, at_most):
    return max(0.0, (lowered - lowered / at_most) / raised - 1)
""",
        ),
        (
            "do not multiply",
            """
def gamma_for(raised, lowered, at_most):
    return (lowered + lowered * at_most) / raised - 1
""",
        ),
        (
            "subtract one",
            """
def gamma_for(raised, lowered, at_most):
    return max(0.0, (lowered + lowered / at_most) / raised)
""",
        ),
        (
            "relevance of the neuron",
            """
def gamma_for(raised, lowered, at_most):
    return max(0.0, lowered / at_most / raised - 1)
""",
        ),
        (
            "difference",
            """
def gamma_for(raised, lowered, at_most):
    return max(0.0, (lowered / at_most - lowered) / raised - 1)
""",
        ),
        (
            "swapped",
            """
def gamma_for(raised, lowered, at_most):
    return max(0.0, (raised + raised / at_most) / lowered - 1)
""",
        ),
        (
            "divide by at_most",
            """
def gamma_for(raised, lowered, at_most):
    return max(0.0, (lowered + lowered * at_most) / raised - 1)
""",
        ),
        (
            "never negative",
            """
def gamma_for(raised, lowered, at_most):
    return (lowered + lowered / at_most) / raised - 1
""",
        ),
        (
            "For P = 3, N = 2 and at most 0.1",
            """
def gamma_for(raised, lowered, at_most):
    return 1.0
""",
        ),
    ],
    "rules-empty-side": [
        (
            "yours flips the sign",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    wp, wn = np.where(n == 0, 1.0, alpha), np.where(p == 0, 1.0, beta)
    sp_ = np.divide(wp * relevance, p, where=p != 0, out=np.zeros_like(p))
    sn = np.divide(wn * relevance, n, where=n != 0, out=np.zeros_like(n))
    return a * (sp_ @ weight.clip(0).T - sn @ weight.clip(None, 0).T)
""",
        ),
        (
            "multiply by a",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    wp, wn = np.where(n == 0, 1.0, alpha), np.where(p == 0, 1.0, -beta)
    sp_ = np.divide(wp * relevance, p, where=p != 0, out=np.zeros_like(p))
    sn = np.divide(wn * relevance, n, where=n != 0, out=np.zeros_like(n))
    return sp_ @ weight.clip(0).T + sn @ weight.clip(None, 0).T
""",
        ),
        (
            "relevance from above",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    wp, wn = np.where(n == 0, 1.0, alpha), np.where(p == 0, 1.0, -beta)
    sp_ = np.divide(wp, p, where=p != 0, out=np.zeros_like(p))
    sn = np.divide(wn, n, where=n != 0, out=np.zeros_like(n))
    return a * (sp_ @ weight.clip(0).T + sn @ weight.clip(None, 0).T)
""",
        ),
        (
            "Doubled and flipped",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    sp_, sn = relevance / (p + 1e-9), relevance / (n - 1e-9)
    return a * (alpha * sp_ @ weight.clip(0).T - beta * sn @ weight.clip(None, 0).T)
""",
        ),
        (
            "subtracted",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    sp_, sn = relevance / (p + 1e-9), relevance / (n - 1e-9)
    return a * (alpha * sp_ @ weight.clip(0).T + beta * sn @ weight.clip(None, 0).T)
""",
        ),
        (
            "NaN",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    with np.errstate(all="ignore"):
        return a * (alpha * (relevance / p) @ weight.clip(0).T - beta * (relevance / n) @ weight.clip(None, 0).T)
""",
        ),
        (
            "yours flips the sign",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    wp = np.where(n == 0, 1.0, alpha)
    sp_, sn = wp * relevance / (p + 1e-9), relevance / (n - 1e-9)
    return a * (sp_ @ weight.clip(0).T - beta * sn @ weight.clip(None, 0).T)
""",
        ),
        (
            "without a negative side is still missing",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    wn = np.where(p == 0, 1.0, -beta)
    sp_, sn = relevance / (p + 1e-9), wn * relevance / (n - 1e-9)
    return a * (alpha * sp_ @ weight.clip(0).T + sn @ weight.clip(None, 0).T)
""",
        ),
        (
            "z⁺",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p = a @ weight.clip(0)
    return a * ((relevance / (p + 1e-9)) @ weight.clip(0).T)
""",
        ),
        (
            "LRP-0",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    z = a @ weight
    return a * ((relevance / (z + 1e-9)) @ weight.T)
""",
        ),
        (
            "decide neuron by neuron",
            """
def relprop_alpha_beta(a, weight, relevance, alpha, beta):
    p, n = a @ weight.clip(0), a @ weight.clip(None, 0)
    if (n == 0).any() or (p == 0).any():
        alpha, beta = 1, -1
    sp_, sn = relevance / np.where(p == 0, 1, p), relevance / np.where(n == 0, -1, n)
    return a * (alpha * sp_ @ weight.clip(0).T - beta * sn @ weight.clip(None, 0).T)
""",
        ),
    ],
    "rules-composite": [
        (
            "noise is",
            """
def my_composite():
    return [rules.ZBox(-1, 1), rules.Gamma(0.25), rules.LRP0()]
""",
        ),
        (
            "Calm enough",
            """
def my_composite():
    return [rules.ZBox(-1, 1), rules.ZPlus(), rules.ZPlus()]
""",
        ),
        (
            "noise is",
            """
def my_composite():
    return [rules.ZPlus(), rules.ZPlus(), rules.ZPlus()]
""",
        ),
        (
            "first layer only",
            """
def my_composite():
    return [rules.LRP0(), rules.Gamma(0.25), rules.ZBox(-1, 1)]
""",
        ),
        (
            "between −1 and 1",
            """
def my_composite():
    return [rules.ZBox(0, 1), rules.Gamma(0.25), rules.LRP0()]
""",
        ),
        (
            "does not look at the picture",
            """
def my_composite():
    return [rules.Flat(), rules.LRP0(), rules.LRP0()]
""",
        ),
        (
            "does not look at the picture",
            """
def my_composite():
    return [rules.WSquare()] * 3
""",
        ),
        (
            "between −1 and 1",
            """
def my_composite():
    return [rules.ZBox(-2, 2), rules.Gamma(2.0), rules.LRP0()]
""",
        ),
        (
            "stabilisers take",
            """
def my_composite():
    return [rules.ZBox(-1, 1), rules.Gamma(2.0), rules.Epsilon(5.0)]
""",
        ),
        (
            "list of three",
            """
def my_composite():
    return rules.ZPlus()
""",
        ),
        (
            "return",
            """
def my_composite():
    [rules.ZBox(-1, 1), rules.Gamma(2.0), rules.LRP0()]
""",
        ),
    ],
    "rules-contrastive": [
        (
            "after exp, not before",
            """
def contrastive_start(logits, c):
    others = logits.copy()
    others[:, c] = 0
    q = np.exp(others) / np.exp(others).sum(axis=1, keepdims=True)
    start = -q * logits
    start[:, c] = logits[:, c]
    return start
""",
        ),
        (
            "not times its margin",
            """
def contrastive_start(logits, c):
    powers = np.exp(logits)
    powers[:, c] = 0
    q = powers / powers.sum(axis=1, keepdims=True)
    start = -q * (logits[:, [c]] - logits)
    start[:, c] = logits[:, c]
    return start
""",
        ),
        (
            "leave c out",
            """
def contrastive_start(logits, c):
    q = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    start = -q * logits
    start[:, c] = logits[:, c]
    return start
""",
        ),
        (
            "only the q",
            """
def contrastive_start(logits, c):
    q = np.exp(logits)
    q[:, c] = 0
    q = -q / q.sum(axis=1, keepdims=True)
    q[:, c] = logits[:, c]
    return q
""",
        ),
        (
            "logit of its class",
            """
def contrastive_start(logits, c):
    q = np.exp(logits)
    q[:, c] = 0
    q = -q / q.sum(axis=1, keepdims=True)
    q[:, c] = 1
    return q
""",
        ),
        (
            "minus sign",
            """
def contrastive_start(logits, c):
    q = np.exp(logits)
    q[:, c] = 0
    q = q / q.sum(axis=1, keepdims=True)
    start = q * logits
    start[:, c] = logits[:, c]
    return start
""",
        ),
        (
            "margins",
            """
def contrastive_start(logits, c):
    q = np.exp(logits)
    q[:, c] = 0
    q = q / q.sum(axis=1, keepdims=True)
    return q * (logits[:, [c]] - logits)
""",
        ),
        (
            "All of it stands at c",
            """
def contrastive_start(logits, c):
    q = np.exp(logits)
    q[:, c] = 0
    q = q / q.sum(axis=1, keepdims=True)
    start = np.zeros(logits.shape)
    start[:, c] = (q * (logits[:, [c]] - logits)).sum(axis=1)
    return start
""",
        ),
        (
            "Close rivals",
            """
def contrastive_start(logits, c):
    q = np.exp(-logits)
    q[:, c] = 0
    q = q / q.sum(axis=1, keepdims=True)
    start = -q * logits
    start[:, c] = logits[:, c]
    return start
""",
        ),
        (
            "Class c is missing",
            """
def contrastive_start(logits, c):
    q = np.exp(logits)
    q[:, c] = 0
    return -q / q.sum(axis=1, keepdims=True) * logits
""",
        ),
        (
            "softmax of its own",
            """
def contrastive_start(logits, c):
    q = np.exp(logits)
    q[:, c] = 0
    start = -q / q.sum() * logits
    start[:, c] = logits[:, c]
    return start
""",
        ),
        (
            "changes the logits",
            """
def contrastive_start(logits, c):
    q, own = np.exp(logits), logits[:, c].copy()
    q[:, c] = 0
    logits *= -q / q.sum(axis=1, keepdims=True)
    logits[:, c] = own
    return logits
""",
        ),
        (
            "For the logits (2, 1, −1)",
            """
def contrastive_start(logits, c):
    return np.array([[3.0, -0.5, -0.5]])
""",
        ),
    ],
}
