"""Requests to a JSON API, and what a failure means to fencebox. Copy this file beside your plugin."""

import json
from urllib.parse import quote

from componentize_py_types import Err
from wit_world.imports import http, types


def get(path, plug=None):
    return exchange(http.Method.GET, path, plug, headers=[], body=None)


def post(path, plug, value):
    headers = [("content-type", "application/json")]
    return exchange(http.Method.POST, path, plug, headers, json.dumps(value).encode())


def unexpected(text):
    return Err(types.Error_Unexpected(text))


def unsupported():
    return Err(types.Error_Unsupported())


def exchange(method, path, plug, headers, body):
    """The answer as a Python value. `plug` is the end of the path, and 404 means that it does not exist."""
    if plug is not None:
        path += quote(plug, safe="")
    asked = f"{method.name} {path}"
    try:
        answer = http.send(http.Request("api", method, path, headers, body))
    except Err as failure:
        raise Err(without_answer(failure.value)) from None
    if answer.status == 404 and plug is not None:
        raise Err(types.Error_PlugNotFound(plug))
    if not 200 <= answer.status < 300:
        raise Err(refusal(answer, f"{message(answer)}status {answer.status} for {asked}"))
    try:
        return parsed(answer) if answer.body else None
    except (ValueError, RecursionError):
        raise unexpected(f"the answer to {asked} is not JSON") from None


def parsed(answer):
    # `json.loads` of bytes would import a codec if they begin with a byte order mark, and at run time it cannot.
    return json.loads(answer.body.decode())


def message(answer):
    """The device's own words about an error."""
    try:
        return f"{parsed(answer)['message'][:200]}: "
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""


def without_answer(failure):
    match failure:
        case http.Error_Denied(text) | http.Error_Invalid(text) | http.Error_Tls(text):
            return types.Error_Denied(text)
        case http.Error_TimedOut(text):
            return types.Error_TimedOut(text)
        case http.Error_Unreachable(text) | http.Error_Broken(text):
            return types.Error_ConnectionLost(text)
    return types.Error_Unexpected(failure.value)


def refusal(answer, text):
    pause = dict(answer.headers).get("retry-after")
    match answer.status:
        case 401:
            return types.Error_LoginDenied(text)
        case 403:
            return types.Error_NotPermitted(text)
        case 407:
            return types.Error_Denied(text)
        case 408 | 409 | 423 | 425 | 429:
            return types.Error_Busy(types.Busy(text, seconds(pause)))
        case 503 if pause:
            return types.Error_Busy(types.Busy(text, seconds(pause)))
    return types.Error_Unexpected(text)


def seconds(pause):
    """The pause that the device asks for. It may also be a date, which is ignored."""
    return min(int(pause), 30) if pause and pause.isascii() and pause.isdigit() else None
