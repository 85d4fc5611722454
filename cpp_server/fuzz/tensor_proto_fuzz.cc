// TensorProto: what is read can be written, and read again as the same.

#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/wire/tensor_proto.h"
#include "tensorflow/core/framework/tensor.pb.h"

namespace trilho {
namespace {

std::string Written(const Tensor& tensor, TensorEncoding encoding) {
  WireWriter writer;
  WriteTensorProto(tensor, &writer, encoding);
  FuzzRequire(writer.size() == TensorProtoSize(tensor, encoding), "the size was foretold");
  return std::move(writer).Release();
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
  for (const auto type : {tensorflow::DT_INT8, tensorflow::DT_INT32, tensorflow::DT_INT64, tensorflow::DT_UINT64,
                          tensorflow::DT_BOOL, tensorflow::DT_HALF, tensorflow::DT_COMPLEX64, tensorflow::DT_DOUBLE}) {
    tensorflow::TensorProto one;
    one.set_dtype(type);
    one.mutable_tensor_shape()->add_dim()->set_size(1);
    one.add_int_val(-1);
    one.add_int64_val(-1);
    one.add_uint64_val(1);
    one.add_bool_val(true);
    one.add_half_val(1);
    one.add_scomplex_val(1);
    one.add_scomplex_val(2);
    one.add_double_val(0.5);
    seeds.push_back(one.SerializeAsString());
  }
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  const auto tensor = ParseTensorProto({reinterpret_cast<const char*>(data), size});
  // Repeating a value makes large tensors of few bytes; nothing new is learnt by writing them.
  if (!tensor.ok() || !CanSerialize(tensor->type()) || tensor->byte_size() > (1 << 16)) return 0;
  const std::string once = Written(*tensor, TensorEncoding::kTypedFields);
  for (const auto encoding : {TensorEncoding::kTypedFields, TensorEncoding::kTensorContent}) {
    const auto again = ParseTensorProto(Written(*tensor, encoding));
    FuzzRequire(again.ok(), "what was written can be read");
    FuzzRequire(Written(*again, TensorEncoding::kTypedFields) == once, "it is the same tensor");
  }
  return 0;
}
