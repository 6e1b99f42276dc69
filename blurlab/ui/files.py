"""What a page gives to take away: its numbers as files, and Python lines that make them."""

import ast
import csv
import io
import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st

from blurlab.ui import asking, cache, languages
from blurlab.ui.languages import say

MOST_BESIDE = 5  # buttons in a row
CODE = "Command line and Python"
# What a button says -> the file's name, and what makes its content.
Offered = dict[str, tuple[str, Callable[[], str | bytes]]]


def offer(files: Offered, place: Any = st) -> None:
    """Draw rows of buttons that each save a file.

    files: what the button says -> the file's name, and what makes its content once it is asked
        for; that has no session.
    """
    rows = -(-len(files) // MOST_BESIDE)
    columns = [each for _ in range(rows) for each in place.columns(-(-len(files) // rows))]
    for column, (label, (name, make)) in zip(columns, files.items(), strict=False):
        column.download_button(
            say(label), languages.later(make), name, on_click="ignore", width="stretch"
        )


def as_csv(table: list[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, table[0].keys() if table else [])
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def as_json(setting: NamedTuple, table: list[dict], **more: Any) -> str:
    """Write rows after the setting that they were computed for, and what more there is to say."""
    return json.dumps({"setting": described(setting), **more, "rows": table}, indent=1)


def described(setting: NamedTuple) -> dict:
    """Return a setting and those within it by their names, all but uploaded bytes."""
    return {
        key: described(value) if hasattr(value, "_asdict") else _named(value)
        for key, value in setting._asdict().items()
        if key != "upload"
    }


def _named(value: Any) -> Any:
    """Write pairs of a name and a value, as settings hold them, by the names."""
    return dict(value) if isinstance(value, tuple) else value


def picture_lines(side: str, choice: cache.Choice) -> str:
    """Write the Python lines that make a choice's (3, SIZE, SIZE) picture, named side."""
    if choice.kind == "object":
        label = f"torch.tensor([objects.CLASSES.index({choice.name!r})])"
        seed = f"torch.Generator().manual_seed({choice.variant})"
        first = f"label = {label}\n{side} = objects.draw(label, label, {cache.SIZE}, {seed})[0]"
    elif choice.kind == "photograph":
        first = f"{side} = photographs.photograph({choice.name!r}, {cache.SIZE})"
    elif choice.kind == "imagenette":
        shown = f"sets.imagenette_class({choice.name!r}, {choice.variant + 1})"
        first = f"{side} = images.square({shown}[-1].float() / 255, {cache.SIZE})"
    else:
        first = f"{side} = images.square(images.load_image({choice.name!r}), {cache.SIZE})"
    aligned = {key: getattr(choice, key) for key in ("shift_x", "shift_y", "scale", "flip")}
    if aligned == {"shift_x": 0.0, "shift_y": 0.0, "scale": 1.0, "flip": False}:
        return first
    arguments = ", ".join(f"{key}={value!r}" for key, value in aligned.items())
    return f"{first}\n{side} = images.align({side}, {arguments})"


def picture_words(choice: cache.Choice) -> str:
    """Write a choice as commands take it; "" where they do not, for it is aligned."""
    if choice._replace(kind="", name="", variant=0, upload=b"", word="") != cache.Choice("", ""):
        return ""
    numbered = f":{choice.variant}" if choice.kind in ("object", "imagenette") else ""
    words = choice.name if choice.kind == "file" else f"{choice.kind}:{choice.name}{numbered}"
    return shlex.quote(words)


def asking_line(names: Sequence[str], file: str) -> str:
    """Write the command that asks models about a picture in a file."""
    return " ".join([f"python -m blurlab predict {file}", *(f"--model {name}" for name in names)])


def code(place: Any, python: str, command: str = "") -> None:
    """Show what gives a page's numbers without it, below the title CODE.

    command: a command line, or several; "" where no command does the same.
    """
    if command:
        place.code(command, language="bash", wrap_lines=True)
    else:
        place.caption(say("No command does this; the Python lines do."))
    place.code(python, language="python")


def program(imports: Sequence[str], lines: Sequence[str]) -> str:
    """Write Python lines behind the imports that they use.

    imports: what they may use, a line each; names that do not occur in the lines are left out.
    """
    body = "\n".join(lines)
    used = {each.id for each in ast.walk(ast.parse(body)) if isinstance(each, ast.Name)}
    written = []
    for line in imports:
        (statement,) = ast.parse(line).body
        assert isinstance(statement, ast.Import | ast.ImportFrom)
        statement.names = [each for each in statement.names if each.name in used]
        if statement.names:
            written.append(ast.unparse(statement))
    return "\n".join([*written, "", body]) + "\n"


def answer_lines(names: Sequence[str], pictures: str) -> list[str]:
    """Write the Python lines that print what models say of pictures, (1, 3, S, S), so named."""
    return [
        f"for name in {list(names)!r}:",
        f"    logits = worded.load(name)({pictures})",
        f"    probabilities, indices = top_k(logits, {asking.TOP})",
        '    classes = worded.card(name)["classes"]',
        "    print(name, [(classes[i], p) for i, p in zip(indices[0], probabilities[0].tolist())])",
    ]
