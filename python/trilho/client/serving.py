"""TensorFlow Serving's messages and stubs, without TensorFlow.

They are made from serving.desc, a serialized FileDescriptorSet, in a descriptor pool of their own.
So they live beside TensorFlow's modules in one process, and are other classes than those: what goes
from one to the other goes as bytes.

    stub = client.stub(serving.PredictionServiceStub)
    stub.Regress(serving.message("tensorflow.serving.RegressionRequest")(...))
"""

from importlib import resources
from typing import Any, TypeAlias

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

__all__ = [
    "DataType",
    "GetModelMetadataRequest",
    "GetModelMetadataResponse",
    "GetModelStatusRequest",
    "GetModelStatusResponse",
    "Message",
    "ModelServiceStub",
    "ModelVersionStatus",
    "PredictRequest",
    "PredictResponse",
    "PredictionServiceStub",
    "SignatureDefMap",
    "TensorProto",
    "message",
]

_FILE = "serving.desc"

# Made at run time, messages have no types that a checker could know.
Message: TypeAlias = Any


def _load_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    data = resources.files(__package__).joinpath(_FILE).read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.Add(file)
    return pool


_POOL = _load_pool()


def message(name: str) -> Message:
    """Returns the class of a message.

    Args:
        name: Its full name, e.g. "tensorflow.serving.RegressionRequest".

    Returns:
        The class, the same at every call.

    Raises:
        KeyError: The API has no such message.
    """
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


class _Stub:
    """Has a callable for each method of a service, as a generated stub does."""

    _service: str

    def __init__(self, channel: grpc.Channel) -> None:
        for method in _POOL.FindServiceByName(self._service).methods:
            call = channel.unary_unary(
                f"/{self._service}/{method.name}",
                request_serializer=message(method.input_type.full_name).SerializeToString,
                response_deserializer=message(method.output_type.full_name).FromString,
            )
            setattr(self, method.name, call)

    def __getattr__(self, name: str) -> "grpc.UnaryUnaryMultiCallable[Any, Any]":
        # Only called for what __init__ did not set.
        raise AttributeError(f"{self._service} has no method {name}")


class PredictionServiceStub(_Stub):
    """Predict, Classify, Regress, MultiInference, GetModelMetadata."""

    _service = "tensorflow.serving.PredictionService"


class ModelServiceStub(_Stub):
    """GetModelStatus, HandleReloadConfigRequest."""

    _service = "tensorflow.serving.ModelService"


DataType = EnumTypeWrapper(_POOL.FindEnumTypeByName("tensorflow.DataType"))
PredictRequest = message("tensorflow.serving.PredictRequest")
PredictResponse = message("tensorflow.serving.PredictResponse")
GetModelStatusRequest = message("tensorflow.serving.GetModelStatusRequest")
GetModelStatusResponse = message("tensorflow.serving.GetModelStatusResponse")
ModelVersionStatus = message("tensorflow.serving.ModelVersionStatus")
GetModelMetadataRequest = message("tensorflow.serving.GetModelMetadataRequest")
GetModelMetadataResponse = message("tensorflow.serving.GetModelMetadataResponse")
SignatureDefMap = message("tensorflow.serving.SignatureDefMap")
TensorProto = message("tensorflow.TensorProto")
