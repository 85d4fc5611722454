#include "cpp_server/rest/rest_inference.h"

#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/json/example_json.h"
#include "cpp_server/json/predict_json.h"
#include "cpp_server/services/examples/classify.h"
#include "cpp_server/services/examples/regress.h"

namespace trilho {
namespace {

// The views point into `path` and `signature_name`.
ModelSpec SpecOf(const RestPath& path, absl::string_view signature_name) {
  ModelSpec spec;
  spec.name = path.model;
  spec.version = path.version;
  spec.version_label = path.label;
  spec.signature_name = signature_name;
  return spec;
}

// The request's views point into `json`.
ExamplesRequest RequestOf(const RestPath& path, const ExamplesJsonRequest& json) {
  return {SpecOf(path, json.signature_name), ExamplesInput({json.examples.begin(), json.examples.end()})};
}

}  // namespace

void RestPredict(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                 InferenceRecord* record, JsonDone done) {
  auto request = PredictJsonRequest::Parse(body);
  if (!request.ok()) return done(request.status());
  record->signature = request->signature_name();
  auto resolved = predictor.Resolve(SpecOf(path, request->signature_name()));
  if (!resolved.ok()) {
    // Over REST, TF Serving finds fault with the request where gRPC does with the model.
    if (!absl::IsFailedPrecondition(resolved.status())) return done(resolved.status());
    const std::string name = record->signature.empty() ? kDefaultSignature : record->signature;
    const auto model = predictor.FindModel(SpecOf(path, ""));
    return done(
        absl::InvalidArgumentError(absl::StrCat("Serving signature name: \"", name, "\" not found in signature def",
                                                model.ok() ? (*model)->signatures().Choices() : "")));
  }
  record->version = resolved->model.version();
  const Signature* const signature = resolved->signature;
  record->signature = signature->name;
  auto inputs = request->ReadInputs(*signature);
  if (!inputs.ok()) return done(inputs.status());
  record->examples = inputs->empty() || inputs->front().rank() == 0 ? 1 : inputs->front().dim(0);
  std::vector<int> outputs(signature->outputs.size());
  std::iota(outputs.begin(), outputs.end(), 0);
  predictor.Run(
      *std::move(resolved), *std::move(inputs), std::move(outputs), context,
      [record, signature, format = request->format(), done = std::move(done)](absl::StatusOr<RunResult> result) {
        if (!result.ok()) return done(result.status());
        record->times = result->times;
        done(WritePredictResponse(format, signature->outputs, result->outputs));
      });
}

void RestClassify(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                  InferenceRecord* record, JsonDone done) {
  const auto json = ReadExamplesRequest(body);
  if (!json.ok()) return done(json.status());
  Classify(predictor, RequestOf(path, *json), context, record,
           [done = std::move(done)](absl::StatusOr<tensorflow::serving::ClassificationResponse> response) {
             if (!response.ok()) return done(response.status());
             done(WriteClassifyResponse(response->result()));
           });
}

void RestRegress(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                 InferenceRecord* record, JsonDone done) {
  const auto json = ReadExamplesRequest(body);
  if (!json.ok()) return done(json.status());
  Regress(predictor, RequestOf(path, *json), context, record,
          [done = std::move(done)](absl::StatusOr<tensorflow::serving::RegressionResponse> response) {
            if (!response.ok()) return done(response.status());
            done(WriteRegressResponse(response->result()));
          });
}

}  // namespace trilho
