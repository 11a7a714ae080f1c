"""What a lab declares in YAML (a study, a recipe): read safely, and told in one sentence what is wrong where."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from lipstudy.errors import InputError, nearest_name
from lipstudy.records._atomic import existing_file

__all__ = ["Declared", "read_declaration"]

AnyModel = TypeVar("AnyModel", bound=BaseModel)
Place = tuple[int | str, ...]


class Declared(BaseModel):
    """Part of a file that a lab writes: an unknown key is an error, and so is a number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def read_declaration(path: str | Path, model: type[AnyModel], *, what: str) -> AnyModel:
    """Read a YAML file and check it against its declaration.

    Parameters
    ----------
    path : str or Path
        A YAML file in UTF-8 that holds one mapping.
    model : type
        The pydantic model that declares the keys; with ``extra="forbid"`` an unknown key is an error.
    what : str
        What the file is, for messages: "a study definition".

    Returns
    -------
    model

    Raises
    ------
    InputError
        Naming file, line and key of the first thing wrong; for an unknown key with the nearest right one.
    """
    path = existing_file(path, what=what)
    try:
        root, content = _parsed(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: {what} is a YAML file, save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise InputError(_yaml_sentence(path, error, what=what)) from error
    except RecursionError as error:
        raise InputError(f"{path} is not {what}: it is nested too deep") from error
    if not isinstance(root, yaml.MappingNode):
        raise InputError(f"{path} is not {what}: it must hold lines of the form 'key: value', first {_keys(model)}")
    _refuse_double_keys(path, root)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # An unknown key is told first: a misspelt key is also missed under its right name.
        first = sorted(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")[0]
        raise InputError(_sentence(path, root, model, first, what=what)) from error


def _parsed(text: str) -> tuple[yaml.Node | None, Any]:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    except ValueError as error:  # a date such as 2026-13-45
        raise yaml.YAMLError(str(error)) from error
    finally:
        loader.dispose()


def _yaml_sentence(path: Path, error: yaml.YAMLError, *, what: str) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f", line {mark.line + 1}" if mark is not None else ""
    reason = getattr(error, "problem", None) or getattr(error, "context", None) or str(error).split("\n")[0]
    return f"{path}{place}: {what} is a YAML file, and this is not YAML: {reason}"


def _refuse_double_keys(path: Path, root: yaml.Node) -> None:
    # PyYAML lets the last of two equal keys win in silence.
    visited: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        if not isinstance(node, yaml.MappingNode):
            continue
        first_line: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value in first_line:
                raise InputError(
                    f"{path}, line {line}: the key '{key.value}' is already in line {first_line[key.value]}: keep one"
                )
            if isinstance(key, yaml.ScalarNode):
                first_line[key.value] = line
            waiting.append(value)


def _sentence(path: Path, root: yaml.Node, model: type[BaseModel], error: ErrorDetails, *, what: str) -> str:
    place = error["loc"]
    line, keys = _found(root, place)
    name = ".".join(keys) or "the file"
    if error["type"] == "extra_forbidden":
        known = sorted(_keys_at(model, place[:-1]))
        unknown = str(place[-1])
        remedy = nearest_name(unknown, known) or f" (it knows {', '.join(known)})"
        within = f" under '{'.'.join(keys[:-1])}'" if keys[:-1] else ""
        return f"{path}, line {line}: {what} does not know the key '{unknown}'{within}{remedy}"
    if error["type"] == "missing":
        within = f" under '{name}'" if keys else ""
        return f"{path}, line {line}: the key '{place[-1]}' is missing{within}: {what} needs it"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] in ("tuple_type", "list_type"):
        message = (
            f"a list is needed: [{error['input']}]"
            if isinstance(error["input"], int | float | str)
            else "a list is needed"
        )
    if error["type"] == "value_error":
        return f"{path}, line {line}, {name}: {message}"
    return f"{path}, line {line}, {name}: {error['input']!r} does not fit, {message[0].lower()}{message[1:]}"


def _found(root: yaml.Node, place: Place) -> tuple[int, list[str]]:
    """Return the line nearest to `place`, and the part of `place` that the file has."""
    node, line, keys = root, root.start_mark.line + 1, []
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
            keys.append(str(step + 1))
        elif isinstance(node, yaml.MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if entry is None:
                continue  # pydantic also names the member of a union that it tried
            line, node = entry[0].start_mark.line + 1, entry[1]
            keys.append(str(step))
    return line, keys


def _keys_at(model: type[BaseModel], place: Place) -> set[str]:
    """Return the keys that the models at `place` declare."""
    models = {model}
    for step in place:
        reached = {
            inner
            for outer in models
            if step in outer.model_fields
            for inner in _models_in(outer.model_fields[str(step)].annotation)
        }
        models = reached or {inner for inner in models if inner.__name__ == step} or models
    return {key for reached_model in models for key in reached_model.model_fields}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _keys(model: type[BaseModel], count: int = 3) -> str:
    names: Sequence[str] = list(model.model_fields)[:count]
    return ", ".join(f"'{name}'" for name in names)
