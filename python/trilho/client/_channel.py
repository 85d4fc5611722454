"""A channel whose calls all have a deadline and fail with typed errors."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, Self, TypeAlias

import grpc

from trilho.client._errors import CallError

__all__ = ["DEFAULT_TIMEOUT", "ClientChannel", "open_channel"]

DEFAULT_TIMEOUT = 10.0
_MOST_ATTEMPTS = 5
# Its health says whether to send calls to a server; that of the server ("") speaks of all models.
_HEALTH_SERVICE = "PredictionService"

# Requests, answers and gRPC's objects around them: their types are the stubs' business.
_Any: TypeAlias = Any


def open_channel(
    target: str,
    *,
    credentials: grpc.ChannelCredentials | None,
    attempts: int,
    max_message_bytes: int,
    health_checks: bool,
) -> grpc.Channel:
    """Makes a channel that balances over all addresses of its target and retries UNAVAILABLE.

    Args:
        target: HOST:PORT, or any target that gRPC resolves.
        credentials: How to secure the connection; None for not at all.
        attempts: How often a call is tried in all, 1 to 5.
        max_message_bytes: The largest response that is accepted.
        health_checks: Whether servers are avoided whose health says that they do not serve.

    Returns:
        A channel that connects at its first call.

    Raises:
        ValueError: `attempts` or `max_message_bytes` is out of range.
    """
    if not 1 <= attempts <= _MOST_ATTEMPTS:
        raise ValueError(f"attempts must be 1 to {_MOST_ATTEMPTS}, found {attempts}")
    if max_message_bytes < 1:
        raise ValueError(f"max_message_bytes must be positive, found {max_message_bytes}")
    options = [
        ("grpc.service_config", _service_config(attempts, health_checks=health_checks)),
        ("grpc.enable_retries", int(attempts > 1)),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", -1),
    ]
    if credentials is None:
        return grpc.insecure_channel(target, options)
    return grpc.secure_channel(target, credentials, options)


def _service_config(attempts: int, *, health_checks: bool) -> str:
    method: dict[str, object] = {"name": [{}]}
    if attempts > 1:
        method["retryPolicy"] = {
            "maxAttempts": attempts,
            "initialBackoff": "0.1s",
            "maxBackoff": "1s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        }
    config: dict[str, object] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [method],
    }
    if health_checks:
        config["healthCheckConfig"] = {"serviceName": _HEALTH_SERVICE}
    return json.dumps(config)


class ClientChannel(grpc.Channel):
    """Makes any stub's calls end in time and fail with a CallError.

    What a call of a stub gets as `timeout` is kept; a call without one gets the default.
    """

    def __init__(self, channel: grpc.Channel, *, timeout: float) -> None:
        if timeout <= 0:
            raise ValueError(f"timeout must be positive, found {timeout}")
        self._channel = channel
        self.timeout = timeout

    def subscribe(
        self,
        callback: Callable[[grpc.ChannelConnectivity], None],
        try_to_connect: bool = False,
    ) -> None:
        """See grpc.Channel."""
        self._channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        """See grpc.Channel."""
        self._channel.unsubscribe(callback)

    def unary_unary(self, method: str, *args: _Any, **kwargs: _Any) -> _Any:
        """See grpc.Channel."""
        return self._unary(self._channel.unary_unary(method, *args, **kwargs), method)

    def stream_unary(self, method: str, *args: _Any, **kwargs: _Any) -> _Any:
        """See grpc.Channel."""
        return self._unary(self._channel.stream_unary(method, *args, **kwargs), method)

    def unary_stream(self, method: str, *args: _Any, **kwargs: _Any) -> _Any:
        """See grpc.Channel."""
        return self._streaming(self._channel.unary_stream(method, *args, **kwargs), method)

    def stream_stream(self, method: str, *args: _Any, **kwargs: _Any) -> _Any:
        """See grpc.Channel."""
        return self._streaming(self._channel.stream_stream(method, *args, **kwargs), method)

    def close(self) -> None:
        """See grpc.Channel."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unary(self, multi: _Any, method: str) -> "_Unary":
        return _Unary(multi, method.removeprefix("/"), self.timeout)

    def _streaming(self, multi: _Any, method: str) -> "_Streaming":
        return _Streaming(multi, method.removeprefix("/"), self.timeout)


# gRPC's own multi-callables and calls differ by the four kinds of methods in signature only; these
# hand all arguments on and look at `timeout` alone.


class _Method:
    def __init__(self, multi: _Any, method: str, timeout: float) -> None:
        self._multi = multi
        self._method = method
        self._timeout = timeout

    def _in_time(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else timeout


class _Unary(_Method):
    def __call__(self, request: _Any, timeout: float | None = None, **kwargs: _Any) -> _Any:
        with _typed_errors(self._method):
            return self._multi(request, timeout=self._in_time(timeout), **kwargs)

    def with_call(self, request: _Any, timeout: float | None = None, **kwargs: _Any) -> _Any:
        with _typed_errors(self._method):
            return self._multi.with_call(request, timeout=self._in_time(timeout), **kwargs)

    def future(self, request: _Any, timeout: float | None = None, **kwargs: _Any) -> "_Call":
        call = self._multi.future(request, timeout=self._in_time(timeout), **kwargs)
        return _Call(call, self._method)


class _Streaming(_Method):
    def __call__(self, request: _Any, timeout: float | None = None, **kwargs: _Any) -> "_Call":
        call = self._multi(request, timeout=self._in_time(timeout), **kwargs)
        return _Call(call, self._method)


class _Call:
    """A call under way: gRPC's, but for the errors."""

    def __init__(self, call: _Any, method: str) -> None:
        self._call = call
        self._method = method

    def __getattr__(self, name: str) -> _Any:
        return getattr(self._call, name)

    def __iter__(self) -> Iterator[_Any]:
        return self

    def __next__(self) -> _Any:
        with _typed_errors(self._method):
            return next(self._call)

    def result(self, timeout: float | None = None) -> _Any:
        try:
            with _typed_errors(self._method):
                return self._call.result(timeout)
        except grpc.FutureCancelledError as error:
            _raise_cancelled(self._method, error)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        try:
            self.result(timeout)
        except CallError as error:
            return error
        return None

    def add_done_callback(self, callback: Callable[["_Call"], None]) -> None:
        self._call.add_done_callback(lambda _: callback(self))


@contextmanager
def _typed_errors(method: str) -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        raise CallError.of(error, method=method) from error


def _raise_cancelled(method: str, error: grpc.FutureCancelledError) -> NoReturn:
    made = CallError.from_code(grpc.StatusCode.CANCELLED, "cancelled by the caller", method=method)
    raise made from error
