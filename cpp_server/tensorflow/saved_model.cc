#include "cpp_server/tensorflow/saved_model.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/direct_runner.h"
#include "cpp_server/tensorflow/tf_status.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace trilho {
namespace {

// How many models can be loaded at once, though one of them hangs.
constexpr int kLoadThreads = 4;

struct DeleteSessionOptions {
  void operator()(TF_SessionOptions* options) const { TF_DeleteSessionOptions(options); }
};

bool RunsOnCallingThread(const SavedModelOptions& options) {
  const tensorflow::ConfigProto& session = options.session;
  return options.max_run.count() == 0 && session.inter_op_parallelism_threads() == 0 &&
         session.session_inter_op_thread_pool_size() == 0;
}

// Threads that all sessions share. Both kinds are made with the first model, so that no later load needs a thread of
// TensorFlow's, which ends the process where it cannot make one.
void AddSharedPool(const char* name, int threads, tensorflow::ConfigProto* config) {
  auto* const pool = config->add_session_inter_op_thread_pool();
  pool->set_global_name(name);
  pool->set_num_threads(threads);
}

// The last of its pools is that of warm-up runs.
tensorflow::ConfigProto ConfigFor(const SavedModelOptions& options) {
  tensorflow::ConfigProto config = options.session;
  if (RunsOnCallingThread(options)) {
    config.set_inter_op_parallelism_threads(1);
    // Restores variables and runs what initializes them, and no request.
    AddSharedPool("trilho_load", kLoadThreads, &config);
  } else if (config.session_inter_op_thread_pool_size() == 0) {
    // As it would be without pools: one that all sessions share, unless each is to have its own.
    const int threads = std::max(config.inter_op_parallelism_threads(), 0);
    auto* const pool = config.add_session_inter_op_thread_pool();
    pool->set_num_threads(threads);
    if (!config.use_per_session_threads()) pool->set_global_name(absl::StrCat("trilho_run_", threads));
  }
  AddSharedPool("trilho_warm_up", kWarmUpThreads, &config);
  return config;
}

// Says: run the graph in the calling thread, no hop to a pool and back.
const TF_Buffer* CallingThread() {
  static const TfBuffer* const options = [] {
    tensorflow::RunOptions run_options;
    run_options.set_inter_op_thread_pool(-1);
    // Lives as long as the process: requests may run until its very end.
    return std::make_unique<const TfBuffer>(NewTfBuffer(run_options.SerializeAsString())).release();
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
  return NewTfBuffer(run_options.SerializeAsString());
}

}  // namespace

SavedModel::SavedModel() : runner_(std::make_unique<DirectRunner>(this)) {}

absl::StatusOr<std::unique_ptr<SavedModel>> SavedModel::Load(const std::string& directory,
                                                             const SavedModelOptions& options) {
  TfStatus status;
  std::unique_ptr<TF_SessionOptions, DeleteSessionOptions> session_options(TF_NewSessionOptions());
  const tensorflow::ConfigProto session_config = ConfigFor(options);
  const std::string config = session_config.SerializeAsString();
  TF_SetConfig(session_options.get(), config.data(), config.size(), status.get());
  if (!status.ok()) return status.ToStatus();

  std::vector<const char*> tags;
  tags.reserve(options.tags.size());
  for (const std::string& tag : options.tags) tags.push_back(tag.c_str());

  std::unique_ptr<SavedModel> model(new SavedModel());
  TfGraph graph(TF_NewGraph());
  TfBuffer meta_graph(TF_NewBuffer());
  TF_Session* const session =
      TF_LoadSessionFromSavedModel(session_options.get(), nullptr, directory.c_str(), tags.data(),
                                   static_cast<int>(tags.size()), graph.get(), meta_graph.get(), status.get());
  if (!status.ok()) {
    const absl::Status reason = status.ToStatus();
    return absl::Status(reason.code(), absl::StrCat("cannot load ", directory, ": ", reason.message()));
  }
  model->session_ = std::make_shared<const TfSession>(std::move(graph), session);
  auto signatures =
      ReadSignatures({static_cast<const char*>(meta_graph->data), meta_graph->length}, model->session_->graph());
  if (!signatures.ok()) {
    return absl::Status(signatures.status().code(),
                        absl::StrCat("cannot load ", directory, ": ", signatures.status().message()));
  }
  model->signatures_ = *std::move(signatures);
  model->check_method_names_ = options.check_method_names;
  model->strict_input_shapes_ = options.strict_input_shapes;
  model->on_calling_thread_ = RunsOnCallingThread(options);
  model->warm_up_pool_ = session_config.session_inter_op_thread_pool_size() - 1;
  model->max_run_ = options.max_run;
  if (options.max_run.count() > 0) model->limited_ = Limited(options.max_run);
  return model;
}

const Signature* SavedModel::FindSignature(absl::string_view name) const {
  const auto found = signatures_.by_name.find(name.empty() ? absl::string_view(kDefaultSignature) : name);
  return found == signatures_.by_name.end() ? nullptr : &found->second;
}

absl::StatusOr<std::vector<Tensor>> SavedModel::Run(const Signature& signature, const std::vector<Tensor>& inputs,
                                                    const std::vector<int>& outputs,
                                                    std::chrono::steady_clock::time_point deadline) const {
  const bool is_limited = max_run_.count() > 0;
  const std::chrono::milliseconds limit = is_limited ? LimitOf(max_run_, deadline) : max_run_;
  const TfBuffer sooner = limit < max_run_ ? Limited(limit) : nullptr;
  const TF_Buffer* const longest = on_calling_thread_ ? CallingThread() : limited_.get();
  const TF_Buffer* const run_options = sooner != nullptr ? sooner.get() : longest;
  const auto begin = std::chrono::steady_clock::now();
  auto results = session_->Run(run_options, signature, inputs, outputs);
  if (is_limited && !results.ok() && std::chrono::steady_clock::now() - begin >= limit) {
    if (limit < max_run_) return absl::DeadlineExceededError("the deadline passed while the model was run");
    return absl::DeadlineExceededError(absl::StrCat("the run took longer than --max_run_seconds=",
                                                    std::chrono::duration<double>(max_run_).count(), " and was ended"));
  }
  return results;
}

}  // namespace trilho
