"""The canary's part inside the kernel. It is sent there as text, and is not imported.

It notes what the checks rely on before a student's code runs, and says afterwards what is no longer the same.
"""

from __future__ import annotations

import re
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.linalg
import numpy.ma
import numpy.random

WATCHED = ("builtins", "sys", "math", "sympy", "numpy", "lrp_edu", "tensorflow", "keras", "keras.layers")
WATCHED_PARTS = ("numpy.", "lrp_edu.", "IPython.core", "ipykernel", "tensorflow._api.v2.nn")
BY_THE_KERNEL = {"builtins.input", "sys.excepthook", "sys.displayhook"}  # it sets these anew for each cell
# Libraries run text as code, SymPy above all. In such text nothing stands that leads to Python's insides.
LEADS_INSIDE = re.compile(
    rb"\b(__(?:builtins|code|dict|getattribute|globals|import|subclasses)__|_getframe|eval|exec|getattr|globals|modules|vars)\b"
)
FUNCTION_PARTS = ("__code__", "__defaults__", "__kwdefaults__")
NOTHING = object()


class Report(Exception):
    """What the canary has to say. It arrives as the error of its cell: who swallows errors swallows it."""


class Watcher:
    """Compares what there is with what there was."""

    def __init__(self, shell: Any) -> None:
        from lrp_edu import check

        self.shell, self.check = shell, check
        self.modules: dict[str, dict[str, Any]] = {}
        self.functions: dict[Any, tuple[Any, ...]] = {}
        self.classes: dict[type, dict[str, Any]] = {}
        self.names: dict[str, Any] = {}
        self.contents: dict[str, Any] = {}
        self.hooks: dict[str, Any] = {}
        self.heard: list[str] = []
        self.replaced: list[str] = []
        self.guarded = self._guarded()
        self.note_modules()
        sys.addaudithook(self._listener())

    def watch(self, names: list[str]) -> None:
        """Note what the names stand for now, if anything, and what has been imported since the last time."""
        self.names = {name: self.shell.user_ns.get(name, NOTHING) for name in names}
        self.contents = {name: _content(one) for name, one in self.names.items()}
        self.hooks = dict(self._hooks())
        self.replaced.clear()
        self.note_modules()

    def _guarded(self) -> type[types.ModuleType]:
        """What watched modules become, to tell what is replaced in them even if it is put back before anybody looks."""
        modules, replaced = self.modules, self.replaced

        class Guarded(types.ModuleType):
            def __setattr__(self, name: str, value: Any) -> None:
                if modules[self.__name__].get(name, value) is not value:
                    replaced.append(f"{self.__name__}.{name} was replaced")
                super().__setattr__(name, value)

        return Guarded

    def _listener(self) -> Callable[[str, tuple[Any, ...]], None]:
        """What Python tells of all that it compiles, which nobody can take back."""
        replaced = self.replaced

        def hear(event: str, about: tuple[Any, ...]) -> None:
            if (
                event == "compile"
                and isinstance(about[0], str | bytes)
                and str(about[1]).startswith(("<string", "<lamb"))
            ):
                text = about[0].encode(errors="replace") if isinstance(about[0], str) else about[0]
                if found := LEADS_INSIDE.search(text):
                    replaced.append(f"text with {found[0].decode()} in it was run as code")

        return hear

    def _new_modules(self) -> list[tuple[str, types.ModuleType]]:
        """What is to be watched and was not imported before."""
        new = [(name, module) for name, module in sys.modules.items() if name not in self.modules]
        watched = [(name, module) for name, module in new if name in WATCHED or name.startswith(WATCHED_PARTS)]
        return [(name, module) for name, module in watched if isinstance(module, types.ModuleType)]

    def note_modules(self) -> None:
        for name, module in self._new_modules():
            parts = {key: one for key, one in vars(module).items() if f"{name}.{key}" not in BY_THE_KERNEL}
            self.modules[name] = {key: one for key, one in parts.items() if callable(one)}
            # Python makes new modules of the type of sys, so that has to stay.
            if type(module) is types.ModuleType and module.__name__ == name != "sys":
                module.__class__ = self.guarded
            for one in self.modules[name].values():
                self._note(one)

    def _note(self, one: Any) -> None:
        if isinstance(one, types.FunctionType):
            self.functions[one] = tuple(getattr(one, part) for part in FUNCTION_PARTS)
        elif isinstance(one, type) and one not in self.classes:
            self.classes[one] = {key: value for key, value in vars(one).items() if callable(value)}
            for value in self.classes[one].values():
                if isinstance(value, types.FunctionType):
                    self.functions[value] = tuple(getattr(value, part) for part in FUNCTION_PARTS)

    def hear(self, error: BaseException, nonce: str) -> None:
        """A check that had to fail has failed, and with its own message."""
        if nonce in str(error):
            self.heard.append(type(error).__name__)

    def report(self, nonce: str, expected: list[str]) -> None:
        """Raise what was found, with a word that nobody could know before."""
        unheard = ["a check that must fail did not"] if self.heard != expected else []
        self.heard = []
        raise Report("\n".join([nonce, *dict.fromkeys([*self.replaced, *self._changes(), *unheard])]))

    def _changes(self) -> Iterator[str]:
        for name, was in self.modules.items():
            now = vars(sys.modules.get(name, types.ModuleType(name)))
            yield from (f"{name}.{key} was replaced" for key, one in was.items() if now.get(key) is not one)
        for name, module in self._new_modules():
            own = [key for key, one in vars(module).items() if getattr(one, "__module__", None) == "__main__"]
            yield from (f"{name}.{key} was replaced" for key in own)
        for owner, was in self.classes.items():
            changed = [key for key, one in was.items() if vars(owner).get(key) is not one]
            yield from (f"{owner.__module__}.{owner.__qualname__}.{key} was replaced" for key in changed)
        for function, parts in self.functions.items():
            if tuple(getattr(function, part) for part in FUNCTION_PARTS) != parts:
                yield f"{function.__module__}.{function.__qualname__} was changed inside"
        for name, one in self.names.items():
            if self.shell.user_ns.get(name, NOTHING) is not one:
                yield f"{name!r}, which the checks need, stands for something else"
            elif _content(one) != self.contents[name]:
                yield f"{name!r}, which the checks need, holds other numbers"
        hooks = dict(self._hooks())
        yield from (f"{what} changed" for what, one in self.hooks.items() if hooks[what] != one)

    def _hooks(self) -> Iterator[tuple[str, Any]]:
        """What decides how a cell is run and how an error is shown."""
        shell = self.shell
        yield "the AST transformers of IPython have", list(shell.ast_transformers)
        yield (
            "the input transformers of IPython have",
            [
                *shell.input_transformers_cleanup,
                *shell.input_transformers_post,
                *shell.input_transformer_manager.cleanup_transforms,
                *shell.input_transformer_manager.line_transforms,
                *shell.input_transformer_manager.token_transformers,
            ],
        )
        yield (
            "what IPython does before or after a cell has",
            {event: list(called) for event, called in shell.events.callbacks.items()},
        )
        yield "the way IPython handles errors has", shell.custom_exceptions
        own = {key for key in vars(shell) if callable(getattr(type(shell), key, None))}
        yield "a method of IPython has", own - {"CustomTB"}
        yield "tracing has", (sys.gettrace(), sys.getprofile(), threading.gettrace())


def _content(one: Any) -> Any:
    """A fingerprint of an array, or of arrays in a list: they can be changed without giving the name another value."""
    if isinstance(one, np.ndarray):
        return hash(one.tobytes())
    return [_content(part) for part in one] if isinstance(one, list | tuple) else None
