// Bodies of REST calls: JSON to tensors, and back to the same.

#include <memory>

#include "absl/strings/string_view.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/same_tensor.h"
#include "cpp_server/json/example_json.h"
#include "cpp_server/json/predict_json.h"
#include "cpp_server/kserve/infer_json.h"
#include "cpp_server/tensorflow/signature.h"
#include "tensorflow/core/example/example.pb.h"

namespace trilho {
namespace {

constexpr TF_DataType kTypes[] = {TF_FLOAT,  TF_DOUBLE, TF_HALF,   TF_BFLOAT16, TF_INT8,   TF_UINT8, TF_INT16,
                                  TF_UINT16, TF_INT32,  TF_UINT32, TF_INT64,    TF_UINT64, TF_BOOL,  TF_STRING};
constexpr size_t kTypeCount = sizeof(kTypes) / sizeof(kTypes[0]);

// The first byte of the data: which reader, and for predict which type and how many inputs.
enum Reader : uint8_t { kPredict, kExamples, kInfer, kReaders };

TensorInfo Input(const char* alias, TF_DataType type) {
  TensorInfo info;
  info.alias = alias;
  info.type = type;
  return info;
}

Signature SignatureOf(TF_DataType type, bool two) {
  Signature signature;
  signature.name = "serving_default";
  signature.inputs.push_back(Input("x", type));
  if (two) signature.inputs.push_back(Input("y_bytes", TF_STRING));
  signature.outputs = signature.inputs;
  return signature;
}

std::string Written(const Signature& signature, const std::vector<Tensor>& tensors) {
  const auto json = WritePredictResponse(PredictFormat::kColumns, signature.outputs, tensors);
  FuzzRequire(json.ok(), "what was read can be written");
  return *json;
}

void FuzzPredict(absl::string_view body, TF_DataType type, bool two) {
  const auto request = PredictJsonRequest::Parse(body);
  if (!request.ok()) return;
  const Signature signature = SignatureOf(type, two);
  const auto inputs = request->ReadInputs(signature);
  if (!inputs.ok()) return;
  FuzzRequire(inputs->size() == signature.inputs.size(), "every input is there");
  const std::string once = Written(signature, *inputs);
  // As what was answered, asked.
  std::string again = once;
  const size_t key = again.find("\"outputs\"");
  FuzzRequire(key != std::string::npos, "columns come as outputs");
  again.replace(key, 9, "\"inputs\"");
  const auto second = PredictJsonRequest::Parse(again);
  FuzzRequire(second.ok(), "what was written can be parsed");
  const auto tensors = second->ReadInputs(signature);
  // A list without elements does not say how long the lists in it are.
  if (once.find("[]") != std::string::npos) return;
  FuzzRequire(tensors.ok(), "and read");
  for (size_t i = 0; i < inputs->size(); ++i) {
    FuzzRequire(SameTensor((*tensors)[i], (*inputs)[i], NotANumber::kAny), "it is the same tensor");
  }
}

std::string Seed(uint8_t selector, const std::string& body) {
  return std::string(1, static_cast<char>(selector)) + body;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (size_t type = 0; type < kTypeCount; ++type) {
    const auto selector = static_cast<uint8_t>(kReaders * (2 * type));
    seeds.push_back(Seed(selector, R"({"instances": [[1.5, -2], [3, NaN]]})"));
    seeds.push_back(Seed(selector, R"({"signature_name": "s", "inputs": [0, 1, 127]})"));
    seeds.push_back(Seed(selector, R"({"inputs": [["a", {"b64": "AAH/"}], ["\u00e9", "\ud83d\ude00"]]})"));
    seeds.push_back(Seed(selector, R"({"inputs": [true, false]})"));
    const auto two = static_cast<uint8_t>(kReaders * (2 * type + 1));
    seeds.push_back(Seed(two, R"({"instances": [{"x": 1, "y_bytes": "a"}, {"x": 2, "y_bytes": {"b64": "Yg=="}}]})"));
    seeds.push_back(Seed(two, R"({"inputs": {"x": [[1], [2]], "y_bytes": [["c"]]}})"));
  }
  seeds.push_back(
      Seed(kExamples, R"({"context": {"c": 1}, "examples": [{"x": 1.5, "s": ["a", {"b64": "YQ=="}]}, {}]})"));
  seeds.push_back(Seed(kInfer, R"({"id": "1", "inputs": [{"name": "x", "datatype": "FP32", "shape": [2],
      "data": [1, 2]}], "outputs": [{"name": "y", "parameters": {"binary_data": true}}]})"));
  seeds.push_back(Seed(kInfer, R"({"parameters": {"binary_data_output": true}, "inputs": [{"name": "x",
      "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 5}}]})" +
                                   std::string("\x01\0\0\0a", 5)));
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  if (size == 0) return 0;
  const uint8_t reader = data[0] % kReaders;
  const size_t rest = data[0] / kReaders;
  const absl::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (reader == kExamples) {
    const auto examples = ReadExamplesRequest(body);
    if (!examples.ok()) return 0;
    FuzzRequire(!examples->examples.empty(), "there is an example");
    tensorflow::Example example;
    for (const std::string& bytes : examples->examples) {
      FuzzRequire(example.ParseFromString(bytes), "each is a tf.Example");
    }
  } else if (reader == kInfer) {
    const size_t end = body.rfind('}');
    const size_t json = end == absl::string_view::npos ? body.size() : end + 1;
    const auto asked = ReadInferJson(body.substr(0, json), body.substr(json));
    if (!asked.ok()) return 0;
    InferResult result;
    for (const KServeTensor& input : asked->request.inputs) FuzzRequire(bool{input.tensor}, "every input is there");
  } else {
    FuzzPredict(body, kTypes[rest / 2 % kTypeCount], rest % 2 != 0);
  }
  return 0;
}
