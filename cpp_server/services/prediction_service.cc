#include "cpp_server/services/prediction_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/services/examples/classify.h"
#include "cpp_server/services/examples/multi_inference.h"
#include "cpp_server/services/examples/regress.h"
#include "cpp_server/services/predict.h"
#include "tensorflow_serving/apis/get_model_metadata.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::GetModelMetadataRequest;
using tensorflow::serving::GetModelMetadataResponse;

constexpr char kSignatureDefField[] = "signature_def";

}  // namespace

absl::Status GetModelMetadata(const Predictor& predictor, const GetModelMetadataRequest& request,
                              GetModelMetadataResponse* response) {
  if (!request.has_model_spec()) return absl::InvalidArgumentError("Missing ModelSpec");
  if (request.metadata_field().empty()) {
    return absl::InvalidArgumentError("GetModelMetadataRequest must specify at least one metadata_field");
  }
  for (const std::string& field : request.metadata_field()) {
    if (field != kSignatureDefField) {
      return absl::InvalidArgumentError(absl::StrCat("Metadata field ", field, " is not supported"));
    }
  }
  ModelSpec spec;
  spec.name = request.model_spec().name();
  if (request.model_spec().has_version()) spec.version = request.model_spec().version().value();
  spec.version_label = request.model_spec().version_label();
  auto model = predictor.FindModel(spec);
  if (!model.ok()) return model.status();
  response->mutable_model_spec()->set_name(request.model_spec().name());
  response->mutable_model_spec()->mutable_version()->set_value(model->version());
  // The map is kept serialized: what Any.PackFrom would make of it.
  google::protobuf::Any& any = (*response->mutable_metadata())[kSignatureDefField];
  any.set_type_url(absl::StrCat("type.googleapis.com/", tensorflow::serving::SignatureDefMap().GetTypeName()));
  any.set_value((*model)->signatures().signature_def_map);
  return absl::OkStatus();
}

namespace {

// An inference whose answer is a message; `run` is Classify, Regress or
// MultiInference.
template <typename Response, typename Run>
UnaryMethod ExamplesMethod(std::string name, PredictionLogField kind, const Predictor* predictor,
                           const InferenceHooks* hooks, Run run) {
  return InferenceMethod(
      std::move(name), hooks,
      [predictor, run](absl::string_view request, const CallContext& context, InferenceRecord* record, BytesDone done) {
        run(*predictor, request, context, record, [done = std::move(done)](absl::StatusOr<Response> response) {
          if (!response.ok()) return done(response.status());
          done(OrNoMemory([&]() -> absl::StatusOr<std::string> { return response->SerializeAsString(); }));
        });
      },
      /*recorded_as=*/"", kind);
}

}  // namespace

ServiceDefinition PredictionService(const Predictor* predictor, const InferenceHooks* hooks, TensorEncoding encoding) {
  ServiceDefinition service;
  service.name = "tensorflow.serving.PredictionService";
  service.methods.push_back(InferenceMethod(
      "Predict", hooks,
      [predictor, encoding](absl::string_view request, const CallContext& context, InferenceRecord* record,
                            BytesDone done) {
        Predict(*predictor, encoding, request, context, record, std::move(done));
      },
      /*recorded_as=*/"", PredictionLogField::kPredict));
  // The overloads that take bytes.
  const auto classify = [](const Predictor& p, absl::string_view request, const CallContext& context,
                           InferenceRecord* record,
                           ClassifyDone done) { Classify(p, request, context, record, std::move(done)); };
  const auto regress = [](const Predictor& p, absl::string_view request, const CallContext& context,
                          InferenceRecord* record,
                          RegressDone done) { Regress(p, request, context, record, std::move(done)); };
  service.methods.push_back(ExamplesMethod<tensorflow::serving::ClassificationResponse>(
      "Classify", PredictionLogField::kClassify, predictor, hooks, classify));
  service.methods.push_back(ExamplesMethod<tensorflow::serving::RegressionResponse>(
      "Regress", PredictionLogField::kRegress, predictor, hooks, regress));
  service.methods.push_back(ExamplesMethod<tensorflow::serving::MultiInferenceResponse>(
      "MultiInference", PredictionLogField::kMultiInference, predictor, hooks, MultiInference));
  service.methods.push_back(DescriptionMethod<GetModelMetadataRequest, GetModelMetadataResponse>(
      "GetModelMetadata", hooks,
      [predictor](const auto& request, auto* response) { return GetModelMetadata(*predictor, request, response); }));
  return service;
}

}  // namespace trilho
