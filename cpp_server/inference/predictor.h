// One request to a model, whatever front it came through.

#ifndef TRILHO_CPP_SERVER_INFERENCE_PREDICTOR_H_
#define TRILHO_CPP_SERVER_INFERENCE_PREDICTOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/tensorflow/runner.h"
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
  // The model's, as the ModelSpec has it, and for as long as that is there.
  absl::string_view name;
};

// Which shapes of inputs are run.
enum class InputShapes {
  // Those that the graph takes, as in TF Serving: only the graph can tell. The signature's only, if the model is loaded
  // with SavedModelOptions::strict_input_shapes.
  kTakenByTheGraph,
  // The signature's only.
  kOfTheSignature,
};

// The version that a label of a model stands for; INVALID_ARGUMENT if there is
// no such label. Thread-safe.
using LabelResolver = std::function<absl::StatusOr<int64_t>(absl::string_view model, absl::string_view label)>;

// Says why a model that is not found cannot be asked at the moment, e.g. UNAVAILABLE while its first load is under way;
// OK if there is no such model, or no such version. Thread-safe.
using AbsenceExplainer = std::function<absl::Status(absl::string_view model)>;

// Finds models and runs them: the only way from the fronts to a session.
// Thread-safe; uses `manager`, which must outlive it. Messages are those of TF
// Serving where it has one for the case.
class Predictor {
 public:
  // Without `labels` every label is unknown. What `absence` says of a model that is not found comes before NOT_FOUND.
  explicit Predictor(const Manager* manager, LabelResolver labels = {}, AbsenceExplainer absence = {})
      : manager_(manager), labels_(std::move(labels)), absence_(std::move(absence)) {}

  // Answers from `model`, whatever name, version or label is asked for: to warm
  // it up before it is served, by requests of whatever shapes it takes, strict or
  // not. It must outlive the predictor.
  Predictor(SavedModel* model, int64_t version) : model_(model), version_(version) {}

  // INVALID_ARGUMENT without a name or for an unknown label, NOT_FOUND for an
  // unknown model or version, or what AbsenceExplainer says.
  absl::StatusOr<ServableHandle<SavedModel>> FindModel(const ModelSpec& spec) const;

  // Besides, FAILED_PRECONDITION for an unknown signature, and INTERNAL for one of
  // an unknown method if the model checks that.
  absl::StatusOr<ResolvedSignature> Resolve(const ModelSpec& spec) const;

  // Calls `done` once, before it returns or later and on another thread.
  // `inputs` are in the order of the signature's, `outputs` positions in the
  // signature's. INVALID_ARGUMENT, naming the input, if a type is not the
  // signature's, or a shape is not that must be; UNIMPLEMENTED, naming it and the
  // others, for an output that cannot be sent; DEADLINE_EXCEEDED or CANCELLED if
  // nobody waits any more before the run begins. If the run of other shapes
  // than the signature's fails, TensorFlow's error goes on with which they are.
  // The model stays loaded until `done` returns. The resolved signature's name
  // need not live longer than until this returns.
  void Run(ResolvedSignature resolved, std::vector<Tensor> inputs, std::vector<int> outputs, InputShapes shapes,
           const CallContext& context, RunDone done) const;

 private:
  // Like FindModel, of a Manager, without AbsenceExplainer.
  absl::StatusOr<ServableHandle<SavedModel>> FindNow(const ModelSpec& spec) const;
  absl::StatusOr<ServableHandle<SavedModel>> FindLabelled(const ModelSpec& spec) const;

  const Manager* const manager_ = nullptr;
  const LabelResolver labels_;
  const AbsenceExplainer absence_;
  SavedModel* const model_ = nullptr;
  const int64_t version_ = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_PREDICTOR_H_
