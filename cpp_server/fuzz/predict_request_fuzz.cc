// Predict from bytes to bytes, on a model that is never run: what comes in is answered, and arrives as protobuf reads
// it.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/memory_file.h"
#include "cpp_server/fuzz/same_tensor.h"
#include "cpp_server/services/predict.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "cpp_server/wire/wire_writer.h"
#include "tensorflow/core/protobuf/meta_graph.pb.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::PredictRequest;
using tensorflow::serving::PredictResponse;

// Answers with the inputs.
class EchoRunner final : public Runner {
 public:
  void Run(RunRequest request, RunDone done) override {
    RunResult result;
    for (const int output : request.outputs) {
      const std::string& alias = request.signature->outputs[static_cast<size_t>(output)].alias;
      result.outputs.push_back(
          std::move(request.inputs[static_cast<size_t>(Signature::Find(request.signature->inputs, alias))]));
    }
    done(std::move(result));
  }
};

// Adds a placeholder of any shape that is input and output of `signature`.
void AddEcho(const std::string& signature, const std::string& alias, tensorflow::DataType type,
             tensorflow::MetaGraphDef* meta_graph) {
  const std::string name = signature + "_" + alias;
  tensorflow::NodeDef* const node = meta_graph->mutable_graph_def()->add_node();
  node->set_name(name);
  node->set_op("Placeholder");
  (*node->mutable_attr())["dtype"].set_type(type);
  tensorflow::TensorInfo info;
  info.set_name(name + ":0");
  info.set_dtype(type);
  tensorflow::SignatureDef& def = (*meta_graph->mutable_signature_def())[signature];
  def.set_method_name("tensorflow/serving/predict");
  (*def.mutable_inputs())[alias] = info;
  (*def.mutable_outputs())[alias] = std::move(info);
}

void AddDefault(const std::string& signature, const std::string& alias, tensorflow::DataType type,
                tensorflow::MetaGraphDef* meta_graph) {
  tensorflow::TensorProto zero;
  zero.set_dtype(type);
  zero.mutable_tensor_shape();
  (*(*meta_graph->mutable_signature_def())[signature].mutable_defaults())[alias] = std::move(zero);
}

std::unique_ptr<SavedModel> MakeModel() {
  tensorflow::MetaGraphDef meta_graph;
  meta_graph.mutable_meta_info_def()->add_tags("serve");
  AddEcho("serving_default", "x", tensorflow::DT_FLOAT, &meta_graph);
  AddEcho("strings", "s", tensorflow::DT_STRING, &meta_graph);
  const std::pair<const char*, tensorflow::DataType> types[] = {
      {"b", tensorflow::DT_BOOL},  {"c", tensorflow::DT_COMPLEX64}, {"d", tensorflow::DT_DOUBLE},
      {"f", tensorflow::DT_FLOAT}, {"h", tensorflow::DT_HALF},      {"i", tensorflow::DT_INT32},
      {"l", tensorflow::DT_INT64}, {"s", tensorflow::DT_STRING},    {"u", tensorflow::DT_UINT8}};
  for (const auto& [alias, type] : types) {
    AddEcho("typed", alias, type, &meta_graph);
    AddDefault("typed", alias, type, &meta_graph);
  }
  // tensorflow.SavedModel: the version of its schema, and meta graphs.
  WireWriter saved_model;
  saved_model.VarintField(1, 1);
  saved_model.BytesField(2, meta_graph.SerializeAsString());
  const TemporaryFolder folder;
  std::ofstream(std::filesystem::path(folder.path()) / "saved_model.pb", std::ios::binary)
      << std::move(saved_model).Release();
  auto model = SavedModel::Load(folder.path(), SavedModelOptions());
  FuzzRequire(model.ok(), "the model loads");
  (*model)->SetRunner(std::make_unique<EchoRunner>());
  return *std::move(model);
}

absl::StatusOr<std::string> Ask(absl::string_view request, TensorEncoding encoding) {
  // Kept to the end of the process.
  static SavedModel* const model = MakeModel().release();
  const Predictor predictor(model, 1);
  InferenceRecord record;
  absl::StatusOr<std::string> answer;
  int answers = 0;
  Predict(predictor, encoding, request, CallContext(), &record, [&](absl::StatusOr<std::string> response) {
    ++answers;
    answer = std::move(response);
  });
  FuzzRequire(answers == 1, "a request is answered once");
  return answer;
}

// Inputs that are large of few bytes; nothing new is learnt of them.
constexpr int64_t kMaxElements = 4096;

bool IsLarge(const PredictRequest& request) {
  for (const auto& input : request.inputs()) {
    int64_t count = 1;
    for (const auto& dim : input.second.tensor_shape().dim()) {
      count *= std::min<int64_t>(std::max<int64_t>(dim.size(), 0), kMaxElements + 1);
      if (count > kMaxElements) return true;
    }
  }
  return false;
}

void RequireEcho(const PredictRequest& request, const std::string& answer) {
  PredictResponse response;
  FuzzRequire(response.ParseFromString(answer), "the answer is a PredictResponse");
  FuzzRequire(response.model_spec().version().value() == 1, "it names the version");
  const auto& filter = request.output_filter();
  FuzzRequire(filter.empty() || filter.size() == response.outputs_size(), "it has the outputs that were asked for");
  for (const auto& output : response.outputs()) {
    const auto input = request.inputs().find(output.first);
    if (input == request.inputs().end()) continue;
    const auto sent = ParseTensorProto(input->second.SerializeAsString());
    const auto received = ParseTensorProto(output.second.SerializeAsString());
    FuzzRequire(sent.ok() && received.ok() && SameTensor(*sent, *received, NotANumber::kExact),
                "what was sent comes back");
  }
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  tensorflow::TensorProto x;
  x.set_dtype(tensorflow::DT_FLOAT);
  x.mutable_tensor_shape()->add_dim()->set_size(2);
  x.add_float_val(1);
  x.add_float_val(2);
  (*request.mutable_inputs())["x"] = x;
  seeds.push_back(request.SerializeAsString());
  request.add_output_filter("x");
  request.mutable_model_spec()->mutable_version()->set_value(1);
  x.clear_float_val();
  x.set_tensor_content(std::string(8, '\x40'));
  (*request.mutable_inputs())["x"] = x;
  seeds.push_back(request.SerializeAsString());

  PredictRequest typed;
  typed.mutable_model_spec()->set_signature_name("typed");
  typed.mutable_model_spec()->set_version_label("stable");
  (*typed.mutable_inputs())["f"] = std::move(x);
  seeds.push_back(typed.SerializeAsString());
  tensorflow::TensorProto text;
  text.set_dtype(tensorflow::DT_STRING);
  text.mutable_tensor_shape()->add_dim()->set_size(2);
  text.add_string_val("a string longer than those that need no memory of their own");
  (*typed.mutable_inputs())["s"] = text;
  tensorflow::TensorProto scalar;
  scalar.mutable_tensor_shape();
  scalar.set_dtype(tensorflow::DT_BOOL);
  scalar.add_bool_val(true);
  (*typed.mutable_inputs())["b"] = scalar;
  scalar.set_dtype(tensorflow::DT_COMPLEX64);
  scalar.add_scomplex_val(1);
  scalar.add_scomplex_val(-1);
  (*typed.mutable_inputs())["c"] = scalar;
  scalar.set_dtype(tensorflow::DT_INT64);
  scalar.add_int64_val(-1);
  (*typed.mutable_inputs())["l"] = scalar;
  scalar.set_dtype(tensorflow::DT_UINT8);
  scalar.add_int_val(255);
  (*typed.mutable_inputs())["u"] = std::move(scalar);
  typed.add_output_filter("s");
  typed.add_output_filter("f");
  seeds.push_back(typed.SerializeAsString());

  PredictRequest strings;
  strings.mutable_model_spec()->set_signature_name("strings");
  (*strings.mutable_inputs())["s"] = std::move(text);
  seeds.push_back(strings.SerializeAsString());
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  PredictRequest request;
  const bool parses = request.ParseFromArray(data, static_cast<int>(size));
  if (parses && IsLarge(request)) return 0;
  const absl::StatusOr<std::string> answer =
      Ask({reinterpret_cast<const char*>(data), size}, TensorEncoding::kTypedFields);
  if (!parses) return 0;
  // Protobuf reads more than Predict does, merges what comes twice, and keeps what it does not know.
  request.DiscardUnknownFields();
  const absl::StatusOr<std::string> known = Ask(request.SerializeAsString(), TensorEncoding::kTensorContent);
  FuzzRequire(known.ok() || known.status().message() != "the request is not a tensorflow.serving.PredictRequest",
              "what protobuf writes is well-formed");
  if (known.ok()) RequireEcho(request, *known);
  return 0;
}
