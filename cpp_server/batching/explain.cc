#include "cpp_server/batching/explain.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/batching/batch_plan.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {
namespace {

std::string ExplainSizes(const BatchingParameters& parameters) {
  const int64_t largest = parameters.LargestBatch();
  std::string text = absl::StrCat("a batch has up to ", Counted(largest, "row"));
  if (!parameters.allowed_batch_sizes.empty()) {
    absl::StrAppend(&text, " and is padded to one of ", absl::StrJoin(parameters.allowed_batch_sizes, ", "));
  }
  if (parameters.LargestTask() > largest) absl::StrAppend(&text, "; larger requests are split");
  absl::StrAppend(&text, "; requests of more than ", Counted(parameters.LargestTask(), "row"), " are refused");
  return text;
}

std::string ExplainWaits(const BatchingParameters& parameters) {
  const std::string threads =
      absl::StrCat("one of ", Counted(parameters.num_batch_threads, "thread"), " (of all models)");
  if (parameters.batch_timeout_micros == 0) {
    return absl::StrCat("a request waits until ", threads, " is free, and goes with all that wait then");
  }
  return absl::StrCat("a request waits until its batch is full, or for ",
                      Counted(parameters.batch_timeout_micros, "microsecond"), ", and until ", threads, " is free");
}

std::string ExplainQueues(const BatchingParameters& parameters) {
  return absl::StrCat("a queue holds ", Counted(parameters.QueueCapacity(), "row"), " (max_enqueued_batches ",
                      parameters.max_enqueued_batches, " of ", parameters.LargestBatch(),
                      "), or requests that run alone; more are refused with RESOURCE_EXHAUSTED");
}

std::string ExplainShapes(const BatchingParameters& parameters) {
  return parameters.pad_variable_length_inputs
             ? "requests whose shapes differ beyond the first dimension are padded to share a batch"
             : "requests whose shapes differ beyond the first dimension form separate batches";
}

bool IsVariable(const TensorInfo& input) {
  return input.shape && std::any_of(input.shape->begin() + 1, input.shape->end(), [](int64_t dim) { return dim < 0; });
}

std::string ExplainSignature(const Signature& signature) {
  const std::string alone = WhyAlone(signature);
  if (!alone.empty()) return absl::StrCat("every request runs alone: ", alone);
  std::vector<std::string> remarks;
  size_t lone_outputs = 0;
  const std::vector<int> outputs = signature.SendableOutputs();
  for (const int output : outputs) {
    const std::string reason = WhyAloneWith(signature.outputs[static_cast<size_t>(output)]);
    if (!reason.empty()) {
      remarks.push_back(reason);
      ++lone_outputs;
    }
  }
  if (lone_outputs > 0) {
    const std::string reasons = absl::StrJoin(remarks, ", ");
    if (lone_outputs == outputs.size()) return absl::StrCat("every request runs alone: ", reasons);
    return absl::StrCat("batched if its output_filter leaves these out, alone otherwise: ", reasons);
  }
  for (const TensorInfo& input : signature.inputs) {
    if (!IsVariable(input)) continue;
    remarks.push_back(
        absl::StrCat("input \"", input.alias, "\" varies beyond its first dimension, ", ShapeString(*input.shape)));
  }
  return remarks.empty() ? "batched" : absl::StrCat("batched; ", absl::StrJoin(remarks, "; "));
}

}  // namespace

std::string ExplainBatching(const BatchingParameters& parameters, const Signatures& signatures) {
  std::string text = absl::StrCat(ExplainSizes(parameters), "\n", ExplainWaits(parameters), "\n",
                                  ExplainQueues(parameters), "\n", ExplainShapes(parameters), "\n");
  for (const auto& entry : signatures.by_name) {
    absl::StrAppend(&text, "signature \"", entry.first, "\": ", ExplainSignature(entry.second), "\n");
  }
  for (const auto& entry : signatures.unsupported) {
    absl::StrAppend(&text, "signature \"", entry.first, "\": not served: ", entry.second.message(), "\n");
  }
  return text;
}

}  // namespace trilho
