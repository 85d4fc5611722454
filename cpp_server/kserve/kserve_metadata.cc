#include "cpp_server/kserve/kserve_metadata.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/config/version.h"
#include "cpp_server/kserve/data_types.h"
#include "cpp_server/kserve/infer.h"

namespace trilho {
namespace {

using inference::ModelMetadataResponse;
using TensorMetadata = inference::ModelMetadataResponse::TensorMetadata;

constexpr char kPlatform[] = "tensorflow_savedmodel";

// The protocol has no word for an unknown rank.
std::vector<int64_t> ShapeOf(const TensorInfo& info) { return info.shape ? *info.shape : std::vector<int64_t>{-1}; }

void Describe(const std::vector<TensorInfo>& tensors, google::protobuf::RepeatedPtrField<TensorMetadata>* described) {
  for (const TensorInfo& info : tensors) {
    TensorMetadata* const tensor = described->Add();
    tensor->set_name(info.alias);
    tensor->set_datatype(KServeTypeName(info.type));
    for (const int64_t dim : ShapeOf(info)) tensor->add_shape(dim);
  }
}

// Null if the model has no signature at all.
const Signature* DescribedSignature(const SavedModel& model) {
  const Signature* const signature = model.FindSignature("");
  if (signature != nullptr) return signature;
  // A model may have none of the default name, and is described all the same.
  const auto& signatures = model.signatures().by_name;
  return signatures.empty() ? nullptr : &signatures.begin()->second;
}

inference::DataType TritonType(TF_DataType type) {
  if (type == TF_STRING) return inference::TYPE_STRING;
  inference::DataType found = inference::TYPE_INVALID;
  if (!inference::DataType_Parse(absl::StrCat("TYPE_", KServeTypeName(type)), &found)) return inference::TYPE_INVALID;
  return found;
}

template <typename Configured>
void Configure(const TensorInfo& info, Configured* tensor) {
  tensor->set_name(info.alias);
  tensor->set_data_type(TritonType(info.type));
  for (const int64_t dim : ShapeOf(info)) tensor->add_dims(dim);
}

}  // namespace

inference::ServerMetadataResponse KServeServerMetadata() {
  inference::ServerMetadataResponse metadata;
  metadata.set_name("trilho");
  metadata.set_version(kVersion);
  for (const char* extension : {"binary_tensor_data", "model_configuration", "statistics"}) {
    metadata.add_extensions(extension);
  }
  return metadata;
}

absl::StatusOr<ModelMetadataResponse> KServeModelMetadata(const Predictor& predictor, const Manager& manager,
                                                          const std::string& model, const std::string& version) {
  const auto loaded = predictor.FindModel(KServeSpec(model, version));
  if (!loaded.ok()) return loaded.status();
  const Signature* const signature = DescribedSignature(**loaded);
  ModelMetadataResponse metadata;
  metadata.set_name(model);
  for (const ServableState& state : manager.GetStates(model)) {
    if (state.state == ManagerState::kAvailable) metadata.add_versions(absl::StrCat(state.id.version));
  }
  metadata.set_platform(kPlatform);
  if (signature == nullptr) return metadata;
  Describe(signature->inputs, metadata.mutable_inputs());
  std::vector<TensorInfo> outputs;
  std::copy_if(signature->outputs.begin(), signature->outputs.end(), std::back_inserter(outputs), &IsKServeOutput);
  Describe(outputs, metadata.mutable_outputs());
  return metadata;
}

absl::StatusOr<inference::ModelConfig> KServeModelConfig(const Predictor& predictor, const std::string& model,
                                                         const std::string& version) {
  const auto loaded = predictor.FindModel(KServeSpec(model, version));
  if (!loaded.ok()) return loaded.status();
  inference::ModelConfig config;
  config.set_name(model);
  config.set_platform(kPlatform);
  config.set_backend("tensorflow");
  config.set_default_model_filename("saved_model.pb");
  const Signature* const signature = DescribedSignature(**loaded);
  if (signature == nullptr) return config;
  for (const TensorInfo& info : signature->inputs) {
    inference::ModelInput* const input = config.add_input();
    Configure(info, input);
    input->set_optional(info.default_value.has_value());
  }
  for (const TensorInfo& info : signature->outputs) {
    if (IsKServeOutput(info)) Configure(info, config.add_output());
  }
  return config;
}

absl::Status KServeModelReady(const Predictor& predictor, const std::string& model, const std::string& version) {
  return predictor.FindModel(KServeSpec(model, version)).status();
}

}  // namespace trilho
