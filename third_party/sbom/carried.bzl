"""Names what is in artifacts of ours though it was made by others, as bills of materials name it."""

SERVING_PROTOS = (
    "tensorflow-serving-api=Apache-2.0=" +
    "Descriptors of its services, and of the messages of TensorFlow and protobuf that they import; or classes of them."
)
