#include "cpp_server/tensorflow/saved_model.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/direct_runner.h"
#include "cpp_server/tensorflow/flush_denormals.h"
#include "cpp_server/tensorflow/tf_status.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace trilho {
namespace {

struct DeleteSessionOptions {
  void operator()(TF_SessionOptions* options) const { TF_DeleteSessionOptions(options); }
};

TfBuffer NewBuffer(const std::string& bytes) { return TfBuffer(TF_NewBufferFromString(bytes.data(), bytes.size())); }

bool RunsOnCallingThread(const SavedModelOptions& options) {
  const tensorflow::ConfigProto& session = options.session;
  return options.max_run.count() == 0 && session.inter_op_parallelism_threads() == 0 &&
         session.session_inter_op_thread_pool_size() == 0;
}

std::string ConfigFor(const SavedModelOptions& options) {
  tensorflow::ConfigProto config = options.session;
  // A pool that nothing is run on.
  if (RunsOnCallingThread(options)) config.set_inter_op_parallelism_threads(1);
  return config.SerializeAsString();
}

// Says: run the graph in the calling thread, no hop to a pool and back.
const TF_Buffer* CallingThread() {
  static const TfBuffer* const options = [] {
    tensorflow::RunOptions run_options;
    run_options.set_inter_op_thread_pool(-1);
    // Lives as long as the process: requests may run until its very end.
    return std::make_unique<const TfBuffer>(NewBuffer(run_options.SerializeAsString())).release();
  }();
  return options->get();
}

// How long a run may take that nobody waits for after `deadline`; at least a moment, as 0 would be for ever.
std::chrono::milliseconds LimitOf(std::chrono::milliseconds max_run, std::chrono::steady_clock::time_point deadline) {
  if (deadline == std::chrono::steady_clock::time_point::max()) return max_run;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::min(max_run, std::max(left, std::chrono::milliseconds(1)));
}

TfBuffer Limited(std::chrono::milliseconds limit) {
  tensorflow::RunOptions run_options;
  run_options.set_timeout_in_ms(limit.count());
  return NewBuffer(run_options.SerializeAsString());
}

}  // namespace

SavedModel::SavedModel() : runner_(std::make_unique<DirectRunner>(this)) {}

absl::StatusOr<std::unique_ptr<SavedModel>> SavedModel::Load(const std::string& directory,
                                                             const SavedModelOptions& options) {
  TfStatus status;
  std::unique_ptr<TF_SessionOptions, DeleteSessionOptions> session_options(TF_NewSessionOptions());
  const std::string config = ConfigFor(options);
  TF_SetConfig(session_options.get(), config.data(), config.size(), status.get());
  if (!status.ok()) return status.ToStatus();

  std::vector<const char*> tags;
  tags.reserve(options.tags.size());
  for (const std::string& tag : options.tags) tags.push_back(tag.c_str());

  std::unique_ptr<SavedModel> model(new SavedModel());
  model->graph_.reset(TF_NewGraph());
  TfBuffer meta_graph(TF_NewBuffer());
  model->session_ =
      TF_LoadSessionFromSavedModel(session_options.get(), nullptr, directory.c_str(), tags.data(),
                                   static_cast<int>(tags.size()), model->graph_.get(), meta_graph.get(), status.get());
  if (!status.ok()) {
    const absl::Status reason = status.ToStatus();
    return absl::Status(reason.code(), absl::StrCat("cannot load ", directory, ": ", reason.message()));
  }
  auto signatures =
      ReadSignatures({static_cast<const char*>(meta_graph->data), meta_graph->length}, model->graph_.get());
  if (!signatures.ok()) {
    return absl::Status(signatures.status().code(),
                        absl::StrCat("cannot load ", directory, ": ", signatures.status().message()));
  }
  model->signatures_ = *std::move(signatures);
  model->check_method_names_ = options.check_method_names;
  model->strict_input_shapes_ = options.strict_input_shapes;
  model->on_calling_thread_ = RunsOnCallingThread(options);
  model->max_run_ = options.max_run;
  if (options.max_run.count() > 0) model->limited_ = Limited(options.max_run);
  return model;
}

SavedModel::~SavedModel() {
  if (session_ == nullptr) return;
  // An error could only say that the session is closed already.
  TfStatus status;
  TF_CloseSession(session_, status.get());
  TF_DeleteSession(session_, status.get());
}

const Signature* SavedModel::FindSignature(absl::string_view name) const {
  const auto found = signatures_.by_name.find(name.empty() ? absl::string_view(kDefaultSignature) : name);
  return found == signatures_.by_name.end() ? nullptr : &found->second;
}

absl::StatusOr<std::vector<Tensor>> SavedModel::Run(const Signature& signature, const std::vector<Tensor>& inputs,
                                                    const std::vector<int>& outputs,
                                                    std::chrono::steady_clock::time_point deadline) const {
  std::vector<TF_Output> feeds, fetches;
  std::vector<TF_Tensor*> values;
  feeds.reserve(inputs.size());
  values.reserve(inputs.size());
  fetches.reserve(outputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    feeds.push_back(signature.inputs[i].output);
    values.push_back(inputs[i].get());
  }
  for (int output : outputs) fetches.push_back(signature.outputs[static_cast<size_t>(output)].output);

  std::vector<TF_Tensor*> results(outputs.size(), nullptr);
  TfStatus status;
  const bool is_limited = max_run_.count() > 0;
  const std::chrono::milliseconds limit = is_limited ? LimitOf(max_run_, deadline) : max_run_;
  const TfBuffer sooner = limit < max_run_ ? Limited(limit) : nullptr;
  const TF_Buffer* const longest = on_calling_thread_ ? CallingThread() : limited_.get();
  const TF_Buffer* const run_options = sooner != nullptr ? sooner.get() : longest;
  const auto begin = std::chrono::steady_clock::now();
  {
    const ScopedFlushDenormals flush;
    TF_SessionRun(session_, run_options, feeds.data(), values.data(), static_cast<int>(feeds.size()), fetches.data(),
                  results.data(), static_cast<int>(fetches.size()), nullptr, 0, nullptr, status.get());
  }
  if (is_limited && !status.ok() && std::chrono::steady_clock::now() - begin >= limit) {
    if (limit < max_run_) return absl::DeadlineExceededError("the deadline passed while the model was run");
    return absl::DeadlineExceededError(absl::StrCat("the run took longer than --max_run_seconds=",
                                                    std::chrono::duration<double>(max_run_).count(), " and was ended"));
  }
  if (!status.ok()) return status.ToStatus();
  std::vector<Tensor> tensors;
  tensors.reserve(results.size());
  for (TF_Tensor* result : results) tensors.emplace_back(result);
  return tensors;
}

}  // namespace trilho
