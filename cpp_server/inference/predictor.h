// One request to a model, whatever front it came through.

#ifndef TRILHO_CPP_SERVER_INFERENCE_PREDICTOR_H_
#define TRILHO_CPP_SERVER_INFERENCE_PREDICTOR_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/tensorflow/saved_model.h"

namespace trilho {

// Which model, version and signature is meant. The views point into the
// request.
struct ModelSpec {
  absl::string_view name;
  absl::optional<int64_t> version;
  absl::string_view version_label;
  // kDefaultSignature if empty.
  absl::string_view signature_name;
};

// A model that stays loaded, and one of its signatures.
struct ResolvedSignature {
  ServableHandle<SavedModel> model;
  const Signature* signature = nullptr;
};

// Finds models and runs them: the only way from the fronts to a session.
// Thread-safe; uses `manager`, which must outlive it. Messages are those of TF
// Serving where it has one for the case.
class Predictor {
 public:
  explicit Predictor(const Manager* manager) : manager_(manager) {}

  // INVALID_ARGUMENT without a name or for an unknown label, NOT_FOUND for an
  // unknown model or version.
  absl::StatusOr<ServableHandle<SavedModel>> FindModel(const ModelSpec& spec) const;

  // Besides, FAILED_PRECONDITION for an unknown signature.
  absl::StatusOr<ResolvedSignature> Resolve(const ModelSpec& spec) const;

  // Runs on the calling thread. `inputs` are in the order of the signature's;
  // the result has one tensor for each of `outputs`, positions in the
  // signature's. INVALID_ARGUMENT, naming the input, if a type or shape is not
  // the signature's; DEADLINE_EXCEEDED if `deadline` has passed before the run
  // begins.
  absl::StatusOr<std::vector<Tensor>> Run(const ResolvedSignature& resolved, const std::vector<Tensor>& inputs,
                                          const std::vector<int>& outputs,
                                          std::chrono::system_clock::time_point deadline) const;

 private:
  const Manager* const manager_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_PREDICTOR_H_
