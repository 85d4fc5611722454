#include "cpp_server/tensorflow/warmup.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;

// In a line; a model may have thousands.
constexpr size_t kMostNames = 10;

absl::StatusOr<Tensor> Zeros(const TensorInfo& info) {
  std::vector<int64_t> dims = info.shape.value_or(std::vector<int64_t>{1});
  for (int64_t& dim : dims) dim = dim < 0 ? 1 : dim;
  auto tensor = Tensor::Allocate(info.type, dims);
  if (tensor.ok() && info.type != TF_STRING) std::memset(tensor->data<char>(), 0, tensor->byte_size());
  return tensor;
}

absl::Status RunOnce(const TfSession& session, int pool, const Signature& signature, milliseconds limit) {
  std::vector<Tensor> inputs;
  inputs.reserve(signature.inputs.size());
  for (const TensorInfo& info : signature.inputs) {
    auto zeros = Zeros(info);
    if (!zeros.ok()) return zeros.status();
    inputs.push_back(*std::move(zeros));
  }
  tensorflow::RunOptions options;
  options.set_inter_op_thread_pool(pool);
  options.set_timeout_in_ms(limit.count());
  return session.Run(NewTfBuffer(options.SerializeAsString()).get(), signature, inputs, signature.SendableOutputs())
      .status();
}

bool TakesStrings(const Signature& signature) {
  return std::any_of(signature.inputs.begin(), signature.inputs.end(),
                     [](const TensorInfo& info) { return info.type == TF_STRING; });
}

std::string Shortened(std::vector<std::string> names) {
  const size_t more = names.size() - std::min(names.size(), kMostNames);
  names.resize(names.size() - more);
  return absl::StrCat(absl::StrJoin(names, ", "), more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

}  // namespace

std::string WarmupPlan::Describe(milliseconds budget) const {
  std::string line = runs.empty() ? "no signature is run with zeros"
                                  : absl::StrCat("running ", Shortened(runs), " with zeros, for ",
                                                 std::chrono::duration<double>(budget).count(), " s at most");
  if (left_out.empty()) return line;
  std::vector<std::string> reasons;
  reasons.reserve(left_out.size());
  for (const auto& [signature, reason] : left_out) reasons.push_back(absl::StrCat(signature, " (", reason, ")"));
  return absl::StrCat(line, "; left out: ", Shortened(std::move(reasons)));
}

WarmupPlan PlanWarmup(const Signatures& signatures, bool with_strings) {
  WarmupPlan plan;
  for (const auto& [name, signature] : signatures.by_name) {
    if (!signature.effect.empty()) {
      plan.left_out[name] = absl::StrCat(signature.effect, " may change something");
    } else if (!with_strings && TakesStrings(signature)) {
      plan.left_out[name] = "it takes strings, as the recorded requests do";
    } else {
      plan.runs.push_back(name);
    }
  }
  return plan;
}

TimedRunsResult WarmUp(const SavedModel& model, const WarmupPlan& plan, milliseconds budget) {
  std::vector<TimedRun> runs;
  runs.reserve(plan.runs.size());
  for (const std::string& name : plan.runs) {
    const Signature* const found = model.FindSignature(name);
    if (found == nullptr) continue;
    // The signature's own copy, as the model may go before a run that does not end.
    runs.push_back({name, [session = model.session(), pool = model.warm_up_pool(), signature = *found](
                              milliseconds left) { return RunOnce(*session, pool, signature, left); }});
  }
  return MakeTimedRuns(std::move(runs), budget);
}

}  // namespace trilho
