// Answers of REST predict: whatever a model puts out can be written as JSON, and reads as the same tensor.

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <iterator>

#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/same_tensor.h"
#include "cpp_server/json/predict_json.h"

namespace trilho {
namespace {

constexpr TF_DataType kTypes[] = {TF_FLOAT, TF_DOUBLE, TF_HALF,   TF_BFLOAT16, TF_INT8,   TF_INT16,  TF_INT32,
                                  TF_INT64, TF_UINT8,  TF_UINT16, TF_UINT32,   TF_UINT64, TF_STRING, TF_BOOL};

// The first two bytes tell type, shape and alias, the others are the elements.
constexpr size_t kHead = 2;

std::string Input(TF_DataType type, char shape, const std::string& elements) {
  size_t index = 0;
  while (kTypes[index] != type) ++index;
  return std::string{static_cast<char>(index), shape} + elements;
}

template <typename T>
std::string Bytes(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
}

std::vector<int64_t> ShapeOf(uint8_t shape, int64_t count) {
  switch (shape % 4) {
    case 0:
      return {count};
    case 1:
      return {count / 2, 2};
    case 2:
      return {1, count, 1};
    default:
      return {};
  }
}

// Strings end with a line; a bool is 0 or 1, as in every tensor of TensorFlow's.
absl::StatusOr<Tensor> MakeTensor(absl::string_view input) {
  const TF_DataType type = kTypes[static_cast<uint8_t>(input[0]) % std::size(kTypes)];
  const auto shape = static_cast<uint8_t>(input[1]);
  input.remove_prefix(kHead);
  std::vector<absl::string_view> strings;
  for (absl::string_view rest = input; type == TF_STRING && !rest.empty();) {
    strings.push_back(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.size(), strings.back().size() + 1));
  }
  const size_t count = type == TF_STRING ? strings.size() : input.size() / TF_DataTypeSize(type);
  const std::vector<int64_t> dims = ShapeOf(shape, static_cast<int64_t>(count));
  auto tensor = Tensor::Allocate(type, dims);
  if (!tensor.ok()) return tensor;
  const int64_t elements = tensor->num_elements();
  if (elements > static_cast<int64_t>(count)) return absl::InvalidArgumentError("too few bytes");
  for (int64_t i = 0; type == TF_STRING && i < elements; ++i) tensor->set_string(i, strings[static_cast<size_t>(i)]);
  if (type != TF_STRING && elements > 0) std::memcpy(tensor->data<char>(), input.data(), tensor->byte_size());
  for (int64_t i = 0; type == TF_BOOL && i < elements; ++i) tensor->data<uint8_t>()[i] &= 1;
  return tensor;
}

void RequireRoundTrip(PredictFormat format, const Signature& signature, const Tensor& tensor,
                      const std::vector<Tensor>& tensors) {
  auto json = WritePredictResponse(format, signature.inputs, tensors);
  FuzzRequire(json.ok(), "it can be written");
  const bool rows = format == PredictFormat::kRows;
  const std::string answer = rows ? "\"predictions\"" : "\"outputs\"";
  json->replace(json->find(answer), answer.size(), rows ? "\"instances\"" : "\"inputs\"");
  const auto request = PredictJsonRequest::Parse(*json);
  FuzzRequire(request.ok(), "it is JSON");
  const auto again = request->ReadInputs(signature);
  FuzzRequire(again.ok(), "it can be read");
  FuzzRequire(SameTensor((*again)[0], tensor, NotANumber::kAny), "it is the same tensor");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  const std::vector<std::string> numbers = {
      Bytes<float>({0, -0.0f, 1e38f, 3.4028235e38f, 0x1p-149f, 0.1f}),
      Bytes<double>({0, -0.0, 1e308, 5e-324, 0.1, -1e17}),
      Bytes<uint16_t>({0x3c00, 0x7bff, 0x7c00, 0x7e00, 0x8001, 0xfc01}),
      Bytes<int64_t>({0, -1, INT64_MIN, INT64_MAX}),
  };
  std::vector<std::string> seeds;
  for (const TF_DataType type : kTypes) {
    if (type == TF_STRING) continue;
    for (size_t i = 0; i < numbers.size(); ++i) seeds.push_back(Input(type, static_cast<char>(i), numbers[i]));
  }
  for (const char shape : {'\0', '\1', '\2', '\3', '\4'}) {
    seeds.push_back(Input(TF_STRING, shape, "a\n\"\\\xc3\xa9\x01\n\xff\xfe\n"));
  }
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  if (size < kHead) return 0;
  auto tensor = MakeTensor({reinterpret_cast<const char*>(data), size});
  if (!tensor.ok() || (tensor->num_elements() == 0 && tensor->rank() > 1)) return 0;
  Signature signature;
  signature.inputs.emplace_back();
  signature.inputs[0].alias = (data[1] & 4) != 0 ? "x_bytes" : "x";
  signature.inputs[0].type = tensor->type();
  std::vector<Tensor> tensors;
  tensors.push_back(*std::move(tensor));
  RequireRoundTrip(PredictFormat::kColumns, signature, tensors[0], tensors);
  // Neither has rows.
  if (tensors[0].rank() == 0 || tensors[0].num_elements() == 0) return 0;
  RequireRoundTrip(PredictFormat::kRows, signature, tensors[0], tensors);
  return 0;
}
