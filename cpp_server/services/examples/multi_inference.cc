#include "cpp_server/services/examples/multi_inference.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/services/examples/classification.h"
#include "cpp_server/services/examples/example_signature.h"
#include "cpp_server/services/examples/examples_request.h"
#include "cpp_server/services/examples/regression.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {
namespace {

using tensorflow::serving::InferenceResult;
using tensorflow::serving::InferenceTask;
using tensorflow::serving::MultiInferenceResponse;

constexpr char kRequestType[] = "tensorflow.serving.MultiInferenceRequest";

// Fields of MultiInferenceRequest.
enum RequestField : uint32_t { kTasks = 1, kInput = 2 };

// A task's share of the run; positions are among the run's results.
struct PlannedTask {
  const Signature* signature = nullptr;
  bool classify = false;
  ClassificationOutputs classification;
  int regression = -1;
};

// One run for all tasks.
class Plan {
 public:
  explicit Plan(const SavedModel* model) : model_(model) { merged_.temporary = true; }

  // Tasks come in the request's order.
  absl::Status Add(const InferenceTask& task);

  // To be called once all tasks are added. The signature is the plan's own
  // unless there is one task only, whose own one may run in a batch with others.
  const Signature* signature() const { return tasks_.size() == 1 ? tasks_.front().signature : &merged_; }
  std::vector<int> outputs() const;
  // Sorted: in whatever order they are asked for, they are one series of the metrics.
  std::string signature_names() const;

  absl::StatusOr<MultiInferenceResponse> Read(const std::vector<Tensor>& outputs, const InferenceRecord& record) const;

 private:
  int AddOutput(const Signature& signature, int position);

  const SavedModel* const model_;
  std::string model_name_;
  std::vector<PlannedTask> tasks_;
  // The tasks' inputs and the outputs they ask for, each tensor once.
  Signature merged_;
  // Of each of merged_.outputs, in the signature of the task that added it.
  std::vector<int> own_positions_;
};

int AddTensor(const TensorInfo& info, std::vector<TensorInfo>* tensors) {
  const auto same = [&info](const TensorInfo& other) { return other.tensor_name == info.tensor_name; };
  const auto found = std::find_if(tensors->begin(), tensors->end(), same);
  const auto position = static_cast<int>(found - tensors->begin());
  if (found == tensors->end()) tensors->push_back(info);
  return position;
}

int Plan::AddOutput(const Signature& signature, int position) {
  if (position < 0) return -1;
  const int merged = AddTensor(signature.outputs[static_cast<size_t>(position)], &merged_.outputs);
  own_positions_.resize(merged_.outputs.size(), position);
  return merged;
}

absl::Status Plan::Add(const InferenceTask& task) {
  const std::string& name = task.model_spec().name();
  if (name.empty()) return absl::InvalidArgumentError("Found ModelSpec with an empty model name.");
  if (tasks_.empty()) model_name_ = name;
  if (name != model_name_) {
    return absl::InvalidArgumentError("All ModelSpecs in a MultiInferenceRequest must access the same model name.");
  }
  auto found = FindExampleSignature(*model_, task.model_spec().signature_name(),
                                    "Requested signature not found in model graph: ");
  if (!found.ok()) return found.status();
  const Signature& signature = **found;
  for (const PlannedTask& other : tasks_) {
    if (other.signature == &signature) {
      return absl::InvalidArgumentError(absl::StrCat("Duplicate evaluation of signature: ", signature.name));
    }
  }

  PlannedTask planned;
  planned.signature = &signature;
  if (task.method_name() == kClassifyMethod) {
    auto outputs = FindClassificationOutputs(*model_, signature);
    if (!outputs.ok()) return outputs.status();
    planned.classify = true;
    planned.classification.classes = AddOutput(signature, outputs->classes);
    planned.classification.scores = AddOutput(signature, outputs->scores);
  } else if (task.method_name() == kRegressMethod) {
    auto output = FindRegressionOutput(*model_, signature);
    if (!output.ok()) return output.status();
    planned.regression = AddOutput(signature, *output);
  } else {
    return absl::UnimplementedError(absl::StrCat("Unsupported signature method_name: ", task.method_name()));
  }
  AddTensor(signature.inputs.front(), &merged_.inputs);
  absl::StrAppend(&merged_.name, tasks_.empty() ? "" : ",", signature.name);
  tasks_.push_back(planned);
  return absl::OkStatus();
}

std::string Plan::signature_names() const {
  std::vector<absl::string_view> names;
  names.reserve(tasks_.size());
  for (const auto& task : tasks_) names.emplace_back(task.signature->name);
  std::sort(names.begin(), names.end());
  return absl::StrJoin(names, ",");
}

std::vector<int> Plan::outputs() const {
  if (tasks_.size() == 1) return own_positions_;
  std::vector<int> positions(merged_.outputs.size());
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

absl::StatusOr<MultiInferenceResponse> Plan::Read(const std::vector<Tensor>& outputs,
                                                  const InferenceRecord& record) const {
  const auto tensor = [&outputs](int position) {
    return position < 0 ? nullptr : &outputs[static_cast<size_t>(position)];
  };
  MultiInferenceResponse response;
  for (const PlannedTask& task : tasks_) {
    InferenceResult* result = response.add_results();
    const absl::Status read =
        task.classify ? ReadClassifications(tensor(task.classification.classes), tensor(task.classification.scores),
                                            record.examples, result->mutable_classification_result())
                      : ReadRegressions(*tensor(task.regression), record.examples, result->mutable_regression_result());
    if (!read.ok()) return read;
    SetModelSpec(record, result->mutable_model_spec());
    result->mutable_model_spec()->set_signature_name(task.signature->name);
  }
  return response;
}

// The first task, empty if there is none, and the input. Other tasks are read
// one by one, since a request may hold them by the million.
absl::Status ReadRequest(absl::string_view bytes, InferenceTask* first_task, ExamplesInput* examples) {
  bool has_task = false;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.field() == kTasks) {
      const absl::string_view task = reader.Bytes();
      if (!has_task && !first_task->ParseFromArray(task.data(), static_cast<int>(task.size()))) {
        return NotARequest(kRequestType);
      }
      has_task = true;
    } else if (reader.field() == kInput) {
      const absl::Status merged = examples->Merge(reader.Bytes());
      if (!merged.ok()) return NotARequest(kRequestType, merged.message());
    } else {
      reader.Skip();
    }
  }
  return reader.ok() ? absl::OkStatus() : NotARequest(kRequestType);
}

absl::Status PlanTasks(absl::string_view bytes, Plan* plan) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.field() != kTasks) {
      reader.Skip();
      continue;
    }
    const absl::string_view task_bytes = reader.Bytes();
    InferenceTask task;
    if (!task.ParseFromArray(task_bytes.data(), static_cast<int>(task_bytes.size()))) return NotARequest(kRequestType);
    absl::Status added = plan->Add(task);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

}  // namespace

void MultiInference(const Predictor& predictor, absl::string_view request, const CallContext& context,
                    InferenceRecord* record, MultiInferenceDone done) {
  InferenceTask first_task;
  ExamplesInput examples;
  const absl::Status read = ReadRequest(request, &first_task, &examples);
  if (!read.ok()) return done(read);
  record->model = first_task.model_spec().name();
  auto model = predictor.FindModel(ViewModelSpec(first_task.model_spec()));
  if (!model.ok()) return done(model.status());
  record->version = model->version();
  auto plan = std::make_shared<Plan>(model->get());
  const absl::Status planned = PlanTasks(request, plan.get());
  if (!planned.ok()) return done(planned);
  record->signature = plan->signature_names();
  const Signature* signature = plan->signature();
  std::vector<int> outputs = plan->outputs();
  RunExamples(predictor, {*std::move(model), signature, record->model}, examples, std::move(outputs), context, record,
              [plan = std::move(plan), record, done = std::move(done)](absl::StatusOr<RunResult> result) {
                if (!result.ok()) return done(result.status());
                done(plan->Read(result->outputs, *record));
              });
}

}  // namespace trilho
