#include "cpp_server/services/examples/classify.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/services/examples/classification.h"
#include "cpp_server/services/examples/example_signature.h"

namespace trilho {

using tensorflow::serving::ClassificationResponse;

void Classify(const Predictor& predictor, const ExamplesRequest& request, const CallContext& context,
              InferenceRecord* record, ClassifyDone done) {
  record->model = std::string(request.spec.name);
  record->signature = std::string(request.spec.signature_name);
  auto model = predictor.FindModel(request.spec);
  if (!model.ok()) return done(model.status());
  auto signature = FindExampleSignature(**model, request.spec.signature_name, "No signature was found with the name: ");
  if (!signature.ok()) return done(signature.status());
  record->version = model->version();
  record->signature = (*signature)->name;
  auto positions = FindClassificationOutputs(**model, **signature);
  if (!positions.ok()) return done(positions.status());
  std::vector<int> outputs;
  if (positions->classes >= 0) outputs.push_back(positions->classes);
  if (positions->scores >= 0) outputs.push_back(positions->scores);
  const bool has_classes = positions->classes >= 0;
  const bool has_scores = positions->scores >= 0;
  RunExamples(predictor, {*std::move(model), *signature, record->model}, request.examples, std::move(outputs), context,
              record, [has_classes, has_scores, record, done = std::move(done)](absl::StatusOr<RunResult> result) {
                if (!result.ok()) return done(result.status());
                const Tensor* classes = has_classes ? &result->outputs.front() : nullptr;
                const Tensor* scores = has_scores ? &result->outputs.back() : nullptr;
                ClassificationResponse response;
                const absl::Status read =
                    ReadClassifications(classes, scores, record->examples, response.mutable_result());
                if (!read.ok()) return done(read);
                SetModelSpec(*record, response.mutable_model_spec());
                done(std::move(response));
              });
}

void Classify(const Predictor& predictor, absl::string_view request, const CallContext& context,
              InferenceRecord* record, ClassifyDone done) {
  tensorflow::serving::ModelSpec spec;
  ExamplesRequest read;
  const absl::Status status = ReadExamplesRequest(request, "tensorflow.serving.ClassificationRequest", &spec, &read);
  if (!status.ok()) return done(status);
  Classify(predictor, read, context, record, std::move(done));
}

}  // namespace trilho
