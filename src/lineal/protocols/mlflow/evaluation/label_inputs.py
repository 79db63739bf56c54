"""How reviewers answer a question: yes or no, one of some options, a number, or text. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.evaluation.wire import Categorical, FreeText, LabelInput, Numeric, PassFail

Input = dict[str, Any]

_LONGEST_LABEL = 64
_MOST_OPTIONS = 10
_CLASSES = {
    "pass_fail": "InputPassFail",
    "categorical": "InputCategorical",
    "numeric": "InputNumeric",
    "text": "InputText",
}


def read(given: LabelInput | None) -> Input:
    """The input as it is kept and told: `{"numeric": {"min_value": 0.0}}`, with one key.

    Raises:
        Refused: nothing is given, or what is given is out of bounds.
    """
    parts = {kind: getattr(given, kind) for kind in _CLASSES} if given is not None else {}
    found = [(kind, part) for kind, part in parts.items() if part is not None]
    if not found:
        raise invalid(
            "Label schema `input` must have exactly one of `pass_fail`, `categorical`, `numeric`, or `text` set."
        )
    # Of several, protobuf keeps the one that comes last.
    kind, part = found[-1]
    _CHECKS[kind](part)
    told: dict[str, Any] = msgspec.to_builtins(part)
    return {kind: {key: value for key, value in told.items() if value is not None}}


def check_change(old: Input, new: Input) -> None:
    """Refuse an input of another sort: it would make what was answered meaningless."""
    (before, first), (after, second) = next(iter(old.items())), next(iter(new.items()))
    if before != after:
        raise invalid(
            f"A label schema's input type cannot be changed after creation (existing: {_CLASSES.get(before)},"
            f" got: {_CLASSES[after]})."
        )
    if first.get("multi_select") != second.get("multi_select"):
        raise invalid("`InputCategorical.multi_select` cannot be changed after creation.")


def _pass_fail(given: PassFail) -> None:
    for name, label in (("positive_label", given.positive_label), ("negative_label", given.negative_label)):
        if not label:
            raise invalid(f"`InputPassFail.{name}` must be a non-empty string; got ''.")
        if len(label) > _LONGEST_LABEL:
            raise invalid(
                f"`InputPassFail.{name}` must be at most {_LONGEST_LABEL} characters; got {len(label)}."
            )
    if given.positive_label == given.negative_label:
        raise invalid(
            "`InputPassFail.positive_label` and `negative_label` must be distinct; got"
            f" {given.positive_label!r} for both."
        )


def _categorical(given: Categorical) -> None:
    options = given.options
    if not options:
        raise invalid("`InputCategorical.options` must be a non-empty list; got [].")
    if len(options) > _MOST_OPTIONS:
        raise invalid(
            f"`InputCategorical.options` must have at most {_MOST_OPTIONS} entries; got {len(options)}."
        )
    for place, option in enumerate(options):
        if not option:
            raise invalid("`InputCategorical.options` entries must be non-empty strings; got ''.")
        if len(option) > _LONGEST_LABEL:
            raise invalid(
                f"`InputCategorical.options` entries must be at most {_LONGEST_LABEL} characters; got {len(option)}."
            )
        if option in options[:place]:
            raise invalid(f"`InputCategorical.options` must be deduplicated; {option!r} appears twice.")


def _numeric(given: Numeric) -> None:
    low, high = given.min_value, given.max_value
    # Not `low >= high`, which NaN would pass.
    if low is not None and high is not None and not low < high:
        raise invalid(
            f"`InputNumeric.min_value` must be strictly less than `max_value`; got min={low}, max={high}."
        )


def _text(given: FreeText) -> None:
    if given.max_length is not None and given.max_length < 1:
        raise invalid(f"`InputText.max_length` must be at least 1; got {given.max_length}.")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "pass_fail": _pass_fail,
    "categorical": _categorical,
    "numeric": _numeric,
    "text": _text,
}
