// TensorProto: what is read is what protobuf reads, can be written, and is read again as the same.

#include <algorithm>

#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/same_tensor.h"
#include "cpp_server/wire/tensor_proto.h"
#include "tensorflow/core/framework/tensor.pb.h"

namespace trilho {
namespace {

// Repeating a value makes large tensors of few bytes; nothing new is learnt of those between what is worth a look and
// what is refused.
constexpr int64_t kMaxElements = 1 << 12;
constexpr int64_t kRefusedElements = int64_t{1} << 27;

std::string Written(const Tensor& tensor, TensorEncoding encoding) {
  WireWriter writer;
  WriteTensorProto(tensor, &writer, encoding);
  FuzzRequire(writer.size() == TensorProtoSize(tensor, encoding), "the size was foretold");
  return std::move(writer).Release();
}

bool IsLarge(const tensorflow::TensorProto& message) {
  std::vector<int64_t> dims;
  for (const auto& dim : message.tensor_shape().dim()) dims.push_back(dim.size());
  const auto count = Tensor::CountElements(dims);
  return count.ok() && *count > kMaxElements && *count < kRefusedElements;
}

// Each element is made of `parts` values. The last one sent is repeated, and without any all are zeros.
template <typename T, typename Values>
void RequireValues(const Tensor& tensor, const Values& values, int parts = 1) {
  const int64_t sent = values.size() / parts;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    for (int part = 0; part < parts; ++part) {
      const int64_t from = std::min(i, sent - 1) * parts + part;
      const T expected = sent == 0 ? T() : static_cast<T>(values[static_cast<int>(from)]);
      FuzzRequire(SameBytes(&expected, tensor.data<T>() + i * parts + part, sizeof(T)),
                  "an element is what protobuf read");
    }
  }
}

void RequireStrings(const Tensor& tensor, const google::protobuf::RepeatedPtrField<std::string>& values) {
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    const auto from = static_cast<int>(std::min<int64_t>(i, values.size() - 1));
    FuzzRequire(tensor.string(i) == (values.empty() ? "" : values[from]), "a string is what protobuf read");
  }
}

void RequireElementsOf(const tensorflow::TensorProto& message, const Tensor& tensor) {
  switch (tensor.type()) {
    case TF_FLOAT:
      return RequireValues<float>(tensor, message.float_val());
    case TF_DOUBLE:
      return RequireValues<double>(tensor, message.double_val());
    case TF_INT32:
    case TF_QINT32:
      return RequireValues<int32_t>(tensor, message.int_val());
    case TF_INT16:
    case TF_UINT16:
    case TF_QINT16:
    case TF_QUINT16:
      return RequireValues<uint16_t>(tensor, message.int_val());
    case TF_INT8:
    case TF_UINT8:
    case TF_QINT8:
    case TF_QUINT8:
      return RequireValues<uint8_t>(tensor, message.int_val());
    case TF_HALF:
    case TF_BFLOAT16:
      return RequireValues<uint16_t>(tensor, message.half_val());
    case TF_INT64:
      return RequireValues<int64_t>(tensor, message.int64_val());
    case TF_UINT32:
      return RequireValues<uint32_t>(tensor, message.uint32_val());
    case TF_UINT64:
      return RequireValues<uint64_t>(tensor, message.uint64_val());
    case TF_BOOL:
      return RequireValues<uint8_t>(tensor, message.bool_val());
    case TF_COMPLEX64:
      return RequireValues<float>(tensor, message.scomplex_val(), 2);
    case TF_COMPLEX128:
      return RequireValues<double>(tensor, message.dcomplex_val(), 2);
    case TF_STRING:
      return RequireStrings(tensor, message.string_val());
    default:
      FuzzRequire(false, "a tensor of another type is refused");
  }
}

void RequireSameAs(const tensorflow::TensorProto& message, const Tensor& tensor) {
  FuzzRequire(static_cast<int>(tensor.type()) == static_cast<int>(message.dtype()), "the type is what protobuf read");
  FuzzRequire(tensor.rank() == message.tensor_shape().dim_size(), "the rank is what protobuf read");
  for (int i = 0; i < tensor.rank(); ++i) {
    FuzzRequire(tensor.dim(i) == message.tensor_shape().dim(i).size(), "a dimension is what protobuf read");
  }
  const std::string& content = message.tensor_content();
  if (content.empty()) return RequireElementsOf(message, tensor);
  if (tensor.type() == TF_STRING) return;
  FuzzRequire(content.size() == tensor.byte_size(), "the content is as long as the tensor");
  for (size_t i = 0; i < content.size(); ++i) {
    const bool same = tensor.type() == TF_BOOL ? tensor.data<char>()[i] == (content[i] != 0 ? 1 : 0)
                                               : tensor.data<char>()[i] == content[i];
    FuzzRequire(same, "the content is what protobuf read");
  }
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  tensorflow::TensorProto floats;
  floats.set_dtype(tensorflow::DT_FLOAT);
  floats.mutable_tensor_shape()->add_dim()->set_size(2);
  floats.mutable_tensor_shape()->add_dim()->set_size(2);
  for (int i = 0; i < 4; ++i) floats.add_float_val(static_cast<float>(i) / 3);
  seeds.push_back(floats.SerializeAsString());
  floats.clear_float_val();
  floats.set_tensor_content(std::string(16, '\x3f'));
  seeds.push_back(floats.SerializeAsString());
  tensorflow::TensorProto strings;
  strings.set_dtype(tensorflow::DT_STRING);
  strings.mutable_tensor_shape()->add_dim()->set_size(3);
  strings.add_string_val("a");
  strings.add_string_val(std::string("b\0c", 3));
  seeds.push_back(strings.SerializeAsString());
  strings.clear_string_val();
  strings.set_tensor_content(
      std::string("\x01\x00\x02"
                  "abc",
                  6));
  seeds.push_back(strings.SerializeAsString());
  for (int type = tensorflow::DataType_MIN; type <= tensorflow::DT_UINT64; ++type) {
    tensorflow::TensorProto one;
    one.set_dtype(static_cast<tensorflow::DataType>(type));
    one.mutable_tensor_shape()->add_dim()->set_size(2);
    one.add_float_val(0.25f);
    one.add_int_val(-1);
    one.add_int64_val(-1);
    one.add_uint32_val(1);
    one.add_uint64_val(1);
    one.add_bool_val(true);
    one.add_half_val(1);
    one.add_scomplex_val(1);
    one.add_scomplex_val(2);
    one.add_dcomplex_val(1);
    one.add_dcomplex_val(2);
    one.add_double_val(0.5);
    seeds.push_back(one.SerializeAsString());
  }
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  tensorflow::TensorProto message;
  const bool parses = message.ParseFromArray(data, static_cast<int>(size));
  if (parses && IsLarge(message)) return 0;
  const auto tensor = ParseTensorProto({reinterpret_cast<const char*>(data), size});
  // Protobuf reads more: groups, and fields of another wire type as unknown ones.
  if (parses && tensor.ok()) RequireSameAs(message, *tensor);
  if (parses && !tensor.ok()) {
    message.DiscardUnknownFields();
    const auto known = ParseTensorProto(message.SerializeAsString());
    FuzzRequire(known.ok() || known.status().message() != "malformed TensorProto" || !message.tensor_content().empty(),
                "what protobuf writes is well-formed");
    if (known.ok()) RequireSameAs(message, *known);
  }
  if (!tensor.ok() || !CanSerialize(tensor->type()) || tensor->num_elements() > kMaxElements) return 0;
  for (const auto encoding : {TensorEncoding::kTypedFields, TensorEncoding::kTensorContent}) {
    const auto again = ParseTensorProto(Written(*tensor, encoding));
    FuzzRequire(again.ok(), "what was written can be read");
    FuzzRequire(SameTensor(*again, *tensor, NotANumber::kExact), "it is the same tensor");
  }
  return 0;
}
