#include "cpp_server/rest/rest_inference.h"

#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/inference/predict_log.h"
#include "cpp_server/inference/request_log_entry.h"
#include "cpp_server/json/example_json.h"
#include "cpp_server/json/predict_json.h"
#include "cpp_server/services/examples/classify.h"
#include "cpp_server/services/examples/regress.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {
namespace {

using tensorflow::serving::ClassificationResponse;
using tensorflow::serving::RegressionResponse;

// Fields of a request, of its Input and of ExampleList.
constexpr uint32_t kRequestModelSpec = 1, kRequestInput = 2, kInputExampleList = 1, kListExamples = 1;

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

// A serialized ClassificationRequest or RegressionRequest, whose fields are the same.
std::string ExamplesMessage(const RestPath& path, const ExamplesJsonRequest& json) {
  tensorflow::serving::ModelSpec spec;
  spec.set_name(path.model);
  spec.set_signature_name(json.signature_name);
  WireWriter list;
  for (const std::string& example : json.examples) list.BytesField(kListExamples, example);
  WireWriter input;
  input.BytesField(kInputExampleList, std::move(list).Release());
  WireWriter message;
  message.BytesField(kRequestModelSpec, spec.SerializeAsString());
  message.BytesField(kRequestInput, std::move(input).Release());
  return std::move(message).Release();
}

// Runs `json` as `run` does, Classify or Regress, and keeps it for the request log as the message that `kind` names.
template <typename Response, typename Run>
void RunExamplesJson(Run run, PredictionLogField kind, const Predictor& predictor, const RestPath& path,
                     const ExamplesJsonRequest& json, const CallContext& context, InferenceRecord* record,
                     std::function<void(absl::StatusOr<Response>)> done) {
  record->log.SetRequest(kind, path.model, [&] { return ExamplesMessage(path, json); });
  if (record->log.has_request()) {
    done = [record, done = std::move(done)](absl::StatusOr<Response> response) {
      if (response.ok()) record->log.SetResponse([&] { return response->SerializeAsString(); });
      done(std::move(response));
    };
  }
  run(predictor, RequestOf(path, json), context, record, std::move(done));
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
  RunLogged(predictor, *std::move(resolved), *std::move(inputs), std::move(outputs), InputShapes::kTakenByTheGraph,
            context, record,
            [record, signature, format = request->format(), done = std::move(done)](absl::StatusOr<RunResult> result) {
              if (!result.ok()) return done(result.status());
              record->times = result->times;
              done(OrNoMemory([&] { return WritePredictResponse(format, signature->outputs, result->outputs); }));
            });
}

void RestClassify(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                  InferenceRecord* record, JsonDone done) {
  const auto json = ReadExamplesRequest(body);
  if (!json.ok()) return done(json.status());
  const auto run = [](const Predictor& p, const ExamplesRequest& request, const CallContext& c, InferenceRecord* r,
                      ClassifyDone d) { Classify(p, request, c, r, std::move(d)); };
  RunExamplesJson<ClassificationResponse>(
      run, PredictionLogField::kClassify, predictor, path, *json, context, record,
      [done = std::move(done)](const absl::StatusOr<ClassificationResponse>& response) {
        if (!response.ok()) return done(response.status());
        done(OrNoMemory([&]() -> absl::StatusOr<std::string> { return WriteClassifyResponse(response->result()); }));
      });
}

void RestRegress(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                 InferenceRecord* record, JsonDone done) {
  const auto json = ReadExamplesRequest(body);
  if (!json.ok()) return done(json.status());
  const auto run = [](const Predictor& p, const ExamplesRequest& request, const CallContext& c, InferenceRecord* r,
                      RegressDone d) { Regress(p, request, c, r, std::move(d)); };
  RunExamplesJson<RegressionResponse>(
      run, PredictionLogField::kRegress, predictor, path, *json, context, record,
      [done = std::move(done)](const absl::StatusOr<RegressionResponse>& response) {
        if (!response.ok()) return done(response.status());
        done(OrNoMemory([&]() -> absl::StatusOr<std::string> { return WriteRegressResponse(response->result()); }));
      });
}

}  // namespace trilho
