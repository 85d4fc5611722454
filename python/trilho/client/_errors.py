"""Failed calls as exceptions, one class for each status a caller reacts to."""

import grpc

from trilho.errors import TrilhoError

__all__ = [
    "CallError",
    "CancelledError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InvalidArgumentError",
    "NotFoundError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
]


class CallError(TrilhoError):
    """A call that got no answer; its cause is gRPC's own exception.

    Attributes:
        code: gRPC's status.
        details: The server's words, or gRPC's if no server was reached.
        method: What was called, e.g. "tensorflow.serving.PredictionService/Predict"; "" if unknown.
    """

    def __init__(self, code: grpc.StatusCode, details: str, *, method: str = "") -> None:
        self.code = code
        self.details = details
        self.method = method
        super().__init__(code, details)

    def __str__(self) -> str:
        call = f"{self.method}: " if self.method else ""
        return f"{call}{self.code.name}: {self.details}"

    @classmethod
    def of(cls, error: grpc.RpcError, *, method: str = "") -> "CallError":
        """Turns gRPC's exception into the class for its status.

        Args:
            error: As a stub of another channel raised it.
            method: What was called.

        Returns:
            An exception to be raised from `error`.
        """
        is_call = isinstance(error, grpc.Call)
        code = (error.code() if is_call else None) or grpc.StatusCode.UNKNOWN
        details = error.details() if is_call else str(error)
        made = cls.from_code(code, details or "", method=method)
        made.__cause__ = error
        return made

    @classmethod
    def from_code(cls, code: grpc.StatusCode, details: str, *, method: str = "") -> "CallError":
        """Makes an exception of the class for a status."""
        return _CLASSES.get(code, CallError)(code, details, method=method)

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.code.name, self.details, self.method)


class InvalidArgumentError(CallError):
    """INVALID_ARGUMENT: correct the request; a shape, a value or a name is wrong."""


class NotFoundError(CallError):
    """NOT_FOUND: the server has no such model, version or signature."""


class UnavailableError(CallError):
    """UNAVAILABLE: no server is ready, after all attempts."""


class DeadlineExceededError(CallError):
    """DEADLINE_EXCEEDED: the answer was late; the model may have run."""


class ResourceExhaustedError(CallError):
    """RESOURCE_EXHAUSTED: send less, or smaller."""


class FailedPreconditionError(CallError):
    """FAILED_PRECONDITION: the server's state forbids it."""


class UnimplementedError(CallError):
    """UNIMPLEMENTED: the server does not have this method."""


class CancelledError(CallError):
    """CANCELLED: the call was cancelled, by this client or the server."""


class UnauthenticatedError(CallError):
    """UNAUTHENTICATED: no valid credentials."""


class PermissionDeniedError(CallError):
    """PERMISSION_DENIED: these credentials may not."""


_CLASSES: dict[grpc.StatusCode, type[CallError]] = {
    grpc.StatusCode.CANCELLED: CancelledError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.UNIMPLEMENTED: UnimplementedError,
}


def _restore(kind: type[CallError], code: str, details: str, method: str) -> CallError:
    return kind(grpc.StatusCode[code], details, method=method)
