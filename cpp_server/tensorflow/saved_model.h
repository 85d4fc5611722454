// A SavedModel in memory, answering through one TensorFlow session.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/core/servable.h"
#include "cpp_server/tensorflow/runner.h"
#include "cpp_server/tensorflow/signature.h"
#include "cpp_server/tensorflow/tensor.h"
#include "cpp_server/tensorflow/tf_session.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace trilho {

// Threads of warm-up runs, shared by all models; see TimedRun.
constexpr int kWarmUpThreads = 4;

struct SavedModelOptions {
  // Which MetaGraph of the SavedModel.
  std::vector<std::string> tags = {"serve"};
  // Of the session. With one thread for an operation to spread over and no number
  // of inter-op threads, so that the graph is run by the thread that calls Run, a
  // small model answers in a tenth of the CPU time that TensorFlow's defaults
  // take.
  tensorflow::ConfigProto session = OneThread();
  // A run that takes longer is ended, between two operations: one operation that
  // computes on and on is not. 0: none is, nor does the deadline of a call end its
  // run: TensorFlow can end only what it runs on its inter-op threads, so that every
  // run then pays for the way there and back.
  std::chrono::milliseconds max_run{0};
  // Refuses Classify and Regress for signatures of another method.
  bool check_method_names = false;
  // Refuses inputs of other shapes than the signature's before a run.
  bool strict_input_shapes = false;

  static tensorflow::ConfigProto OneThread() {
    tensorflow::ConfigProto config;
    config.set_intra_op_parallelism_threads(1);
    return config;
  }
};

// Thread-safe; constant after Load and SetRunner.
class SavedModel final : public Servable {
 public:
  // Reads the graph and its variables from `directory`. Errors keep
  // TensorFlow's code and name the directory.
  static absl::StatusOr<std::unique_ptr<SavedModel>> Load(const std::string& directory,
                                                          const SavedModelOptions& options);

  // kDefaultSignature if `name` is empty; null if there is none of that name.
  const Signature* FindSignature(absl::string_view name) const;

  const Signatures& signatures() const { return signatures_; }

  // Whatever answers requests: a DirectRunner unless another one was set. To be
  // set before the model is served.
  Runner& runner() const { return *runner_; }
  void SetRunner(std::unique_ptr<Runner> runner) { runner_ = std::move(runner); }

  // See SavedModelOptions.
  bool checks_method_names() const { return check_method_names_; }
  bool strict_input_shapes() const { return strict_input_shapes_; }

  // Runs the graph, on the calling thread unless the session has inter-op
  // threads or runs are limited, with the same numbers as there. `inputs` are in the order of
  // signature.inputs and of their types; they stay the caller's. The result
  // has one tensor for each position in `outputs` (of signature.outputs, and
  // among its SendableOutputs).
  // `signature` must be one of this model's. Errors are TensorFlow's own, and
  // DEADLINE_EXCEEDED for a run longer than SavedModelOptions::max_run, or, where
  // runs are limited, beyond `deadline`.
  absl::StatusOr<std::vector<Tensor>> Run(
      const Signature& signature, const std::vector<Tensor>& inputs, const std::vector<int>& outputs,
      std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max()) const;

  // The session may outlive the model, for a run that nobody could end. Its pool of warm-up runs has a number.
  const std::shared_ptr<const TfSession>& session() const { return session_; }
  int warm_up_pool() const { return warm_up_pool_; }

 private:
  SavedModel();

  std::shared_ptr<const TfSession> session_;
  int warm_up_pool_ = 0;
  Signatures signatures_;
  bool check_method_names_ = false;
  bool strict_input_shapes_ = false;
  bool on_calling_thread_ = true;
  std::chrono::milliseconds max_run_{0};
  // Of runs that may take so long, if they are limited.
  TfBuffer limited_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_H_
