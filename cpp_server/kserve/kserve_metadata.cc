#include "cpp_server/kserve/kserve_metadata.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/config/version.h"
#include "cpp_server/kserve/data_types.h"
#include "cpp_server/kserve/infer.h"

namespace trilho {
namespace {

using inference::ModelMetadataResponse;
using TensorMetadata = inference::ModelMetadataResponse::TensorMetadata;

void Describe(const std::vector<TensorInfo>& tensors, google::protobuf::RepeatedPtrField<TensorMetadata>* described) {
  for (const TensorInfo& info : tensors) {
    TensorMetadata* const tensor = described->Add();
    tensor->set_name(info.alias);
    tensor->set_datatype(KServeTypeName(info.type));
    // The protocol has no word for an unknown rank.
    const std::vector<int64_t> shape = info.shape ? *info.shape : std::vector<int64_t>{-1};
    for (const int64_t dim : shape) tensor->add_shape(dim);
  }
}

}  // namespace

inference::ServerMetadataResponse KServeServerMetadata() {
  inference::ServerMetadataResponse metadata;
  metadata.set_name("trilho");
  metadata.set_version(kVersion);
  metadata.add_extensions("binary_tensor_data");
  return metadata;
}

absl::StatusOr<ModelMetadataResponse> KServeModelMetadata(const Predictor& predictor, const Manager& manager,
                                                          const std::string& model, const std::string& version) {
  const auto loaded = predictor.FindModel(KServeSpec(model, version));
  if (!loaded.ok()) return loaded.status();
  const auto& signatures = (*loaded)->signatures().by_name;
  const Signature* signature = (*loaded)->FindSignature("");
  // Else the first by name: a model may have none of the default name, and is described all the same.
  if (signature == nullptr && !signatures.empty()) signature = &signatures.begin()->second;
  ModelMetadataResponse metadata;
  metadata.set_name(model);
  for (const ServableState& state : manager.GetStates(model)) {
    if (state.state == ManagerState::kAvailable) metadata.add_versions(absl::StrCat(state.id.version));
  }
  metadata.set_platform("tensorflow_savedmodel");
  if (signature == nullptr) return metadata;
  Describe(signature->inputs, metadata.mutable_inputs());
  Describe(signature->outputs, metadata.mutable_outputs());
  return metadata;
}

absl::Status KServeModelReady(const Predictor& predictor, const std::string& model, const std::string& version) {
  return predictor.FindModel(KServeSpec(model, version)).status();
}

}  // namespace trilho
