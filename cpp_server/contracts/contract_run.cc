#include "cpp_server/contracts/contract_run.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/contracts/request_decoder.h"
#include "cpp_server/contracts/response_encoder.h"
#include "cpp_server/inference/predict_log.h"

namespace trilho {
namespace {

// The caller named neither model nor version, so that it can only try again, where that may help.
absl::Status Unresolved(const ContractMethod& method, const ContractModels& models, const absl::Status& status) {
  const bool not_labelled = absl::IsInvalidArgument(status) && !method.version_label.empty();
  if (!absl::IsNotFound(status) && !not_labelled) return status;
  if (!models.is_configured(method.model)) {
    return absl::NotFoundError(
        absl::StrCat("the model \"", method.model, "\", which answers ", RecordedName(method), ", is not configured"));
  }
  if (not_labelled) {
    return absl::UnavailableError(absl::StrCat("no version of the model \"", method.model, "\" has the label \"",
                                               method.version_label, "\": ", status.message()));
  }
  return absl::UnavailableError(absl::StrCat("no version of the model \"", method.model, "\" is ready"));
}

}  // namespace

void RunContract(const ContractMethod& method, const ContractModels& models, absl::string_view request,
                 const CallContext& context, InferenceRecord* record, BytesDone done) {
  record->model = method.model;
  auto decoded = DecodeRequest(method, request);
  if (!decoded.ok()) return done(decoded.status());
  const int64_t examples = decoded->examples;
  record->examples = examples;
  ModelSpec spec;
  spec.name = method.model;
  spec.version_label = method.version_label;
  spec.signature_name = method.signature;
  auto resolved = models.predictor->Resolve(spec);
  if (!resolved.ok()) return done(Unresolved(method, models, resolved.status()));
  record->version = resolved->model.version();
  record->signature = resolved->signature->name;
  auto inputs = ArrangeInputs(method, *resolved->signature, *std::move(decoded));
  if (!inputs.ok()) return done(inputs.status());
  auto outputs = ChooseOutputs(method, *resolved->signature);
  if (!outputs.ok()) return done(outputs.status());
  RunLogged(*models.predictor, *std::move(resolved), *std::move(inputs), *std::move(outputs),
            InputShapes::kOfTheSignature, context, record,
            [&method, examples, record, done = std::move(done)](absl::StatusOr<RunResult> result) {
              if (!result.ok()) return done(result.status());
              record->times = result->times;
              done(OrNoMemory([&] { return EncodeResponse(method.response, examples, result->outputs); }));
            });
}

std::string RecordedName(const ContractMethod& method) { return absl::StrCat(method.service, "/", method.name); }

}  // namespace trilho
