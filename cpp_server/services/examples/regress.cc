#include "cpp_server/services/examples/regress.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "cpp_server/services/examples/example_signature.h"
#include "cpp_server/services/examples/regression.h"

namespace trilho {

using tensorflow::serving::RegressionResponse;

void Regress(const Predictor& predictor, const ExamplesRequest& request, const CallContext& context,
             InferenceRecord* record, RegressDone done) {
  record->model = std::string(request.spec.name);
  record->signature = std::string(request.spec.signature_name);
  auto model = predictor.FindModel(request.spec);
  if (!model.ok()) return done(model.status());
  auto signature = FindExampleSignature(**model, request.spec.signature_name, "No signature was found with the name: ");
  if (!signature.ok()) return done(signature.status());
  record->version = model->version();
  record->signature = (*signature)->name;
  auto output = FindRegressionOutput(**model, **signature);
  if (!output.ok()) return done(output.status());
  RunExamples(predictor, {*std::move(model), *signature, record->model}, request.examples, {*output}, context, record,
              [record, done = std::move(done)](absl::StatusOr<RunResult> result) {
                if (!result.ok()) return done(result.status());
                RegressionResponse response;
                const absl::Status read =
                    ReadRegressions(result->outputs.front(), record->examples, response.mutable_result());
                if (!read.ok()) return done(read);
                SetModelSpec(*record, response.mutable_model_spec());
                done(std::move(response));
              });
}

void Regress(const Predictor& predictor, absl::string_view request, const CallContext& context, InferenceRecord* record,
             RegressDone done) {
  tensorflow::serving::ModelSpec spec;
  ExamplesRequest read;
  const absl::Status status = ReadExamplesRequest(request, "tensorflow.serving.RegressionRequest", &spec, &read);
  if (!status.ok()) return done(status);
  Regress(predictor, read, context, record, std::move(done));
}

}  // namespace trilho
