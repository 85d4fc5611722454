// tensorflow.TensorProto on the wire, to and from a Tensor, with no message
// object in between.

#ifndef TRILHO_CPP_SERVER_WIRE_TENSOR_PROTO_H_
#define TRILHO_CPP_SERVER_WIRE_TENSOR_PROTO_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/tensorflow/tensor.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {

// Reads a serialized TensorProto by TensorFlow's rules: tensor_content, if
// there, holds exactly the elements; else the typed field does, and if it holds
// fewer than the shape has, its last one is repeated (zero if it holds none).
// Unlike there, a tensor of more elements than the message has bytes is refused
// beyond 64 MiB, and so is repeating a string beyond that. Packed floats and
// tensor_content are copied once. INVALID_ARGUMENT with the reason if it is no
// tensor.
absl::StatusOr<Tensor> ParseTensorProto(absl::string_view bytes);

// Whether TensorProto can hold a tensor of `type`: not a resource or variant.
bool CanSerialize(TF_DataType type);

// Where the elements are written.
enum class TensorEncoding {
  // float_val, int_val, ...: how TF Serving answers by default.
  kTypedFields,
  // tensor_content; strings, which it cannot hold, stay in string_val.
  kTensorContent,
};

// The bytes that WriteTensorProto will append.
size_t TensorProtoSize(const Tensor& tensor, TensorEncoding encoding = TensorEncoding::kTypedFields);

// Writes `tensor`, whose type must be serializable.
void WriteTensorProto(const Tensor& tensor, WireWriter* writer, TensorEncoding encoding = TensorEncoding::kTypedFields);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_WIRE_TENSOR_PROTO_H_
