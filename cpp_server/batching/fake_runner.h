// A direct Runner that tests hold up, and what they make of requests and answers.

#ifndef TRILHO_CPP_SERVER_BATCHING_FAKE_RUNNER_H_
#define TRILHO_CPP_SERVER_BATCHING_FAKE_RUNNER_H_

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/tensorflow/direct_runner.h"
#include "cpp_server/tensorflow/runner.h"

namespace trilho {

inline Tensor Floats(const std::vector<int64_t>& dims, const std::vector<float>& values) {
  Tensor tensor = *Tensor::Allocate(TF_FLOAT, dims);
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return tensor;
}

inline Tensor Strings(const std::vector<int64_t>& dims, const std::vector<std::string>& values) {
  Tensor tensor = *Tensor::Allocate(TF_STRING, dims);
  for (size_t i = 0; i < values.size(); ++i) tensor.set_string(static_cast<int64_t>(i), values[i]);
  return tensor;
}

inline std::vector<float> FloatsOf(const Tensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.num_elements()};
}

inline std::vector<std::string> StringsOf(const Tensor& tensor) {
  std::vector<std::string> values;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) values.emplace_back(tensor.string(i));
  return values;
}

// A copy, of numbers or strings.
inline Tensor Copy(const Tensor& tensor) {
  if (tensor.type() == TF_STRING) return Strings(tensor.dims(), StringsOf(tensor));
  return Floats(tensor.dims(), FloatsOf(tensor));
}

inline TensorInfo Info(const std::string& alias, absl::optional<std::vector<int64_t>> shape,
                       TF_DataType type = TF_FLOAT) {
  TensorInfo info;
  info.alias = alias;
  info.shape = std::move(shape);
  info.type = type;
  return info;
}

// Takes runs down, holds them up while its gate is closed, and then answers with its behaviour: each output is a copy
// of the first input, unless told otherwise. Outlives the runners that are made of it.
class FakeModel {
 public:
  using Behaviour = std::function<absl::StatusOr<std::vector<Tensor>>(const RunRequest&)>;

  void set_behaviour(Behaviour behaviour) { behaviour_ = std::move(behaviour); }

  std::unique_ptr<Runner> NewRunner() {
    class Direct final : public Runner {
     public:
      explicit Direct(FakeModel* model) : model_(model) {}
      void Run(RunRequest request, RunDone done) override { done(model_->Run(request)); }

     private:
      FakeModel* const model_;
    };
    return std::make_unique<Direct>(this);
  }

  // Run by run, "SIGNATURE:", then the inputs' shapes.
  std::vector<std::string> Runs() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return runs_;
  }

  void Close() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    open_ = false;
  }
  void Open() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  // Returns once this many runs have begun.
  void AwaitRuns(size_t count) const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (runs_.size() < count) changed_.Wait(&mu_);
  }

 private:
  absl::StatusOr<RunResult> Run(const RunRequest& request) EXCLUDES(mu_) {
    const absl::Status awaited = CheckAwaited(request);
    if (!awaited.ok()) return awaited;
    std::string run = request.signature->name + ":";
    for (const Tensor& input : request.inputs) run += " " + ShapeString(input.dims());
    {
      MutexLock lock(&mu_);
      runs_.push_back(run);
      changed_.NotifyAll();
      while (!open_) changed_.Wait(&mu_);
    }
    RunResult result;
    if (behaviour_ == nullptr) {
      for (size_t i = 0; i < request.outputs.size(); ++i) result.outputs.push_back(Copy(request.inputs.front()));
      return result;
    }
    auto outputs = behaviour_(request);
    if (!outputs.ok()) return outputs.status();
    result.outputs = *std::move(outputs);
    return result;
  }

  Behaviour behaviour_;
  mutable Mutex mu_;
  mutable CondVar changed_;
  bool open_ GUARDED_BY(mu_) = true;
  std::vector<std::string> runs_ GUARDED_BY(mu_);
};

// Answers by number, as they come.
class Answers {
 public:
  RunDone Take(int number) {
    return [this, number](absl::StatusOr<RunResult> result) {
      MutexLock lock(&mu_);
      if (!results_.emplace(number, std::move(result)).second) ++repeated_;
      order_.push_back(number);
      changed_.NotifyAll();
    };
  }
  void Await(size_t count) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (order_.size() < count) changed_.Wait(&mu_);
  }
  // Waits for it; stays valid.
  const absl::StatusOr<RunResult>& Of(int number) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (results_.count(number) == 0) changed_.Wait(&mu_);
    return results_.at(number);
  }
  absl::Status StatusOf(int number) { return Of(number).status(); }
  std::vector<float> FloatsOf(int number, size_t output = 0) {
    const auto& result = Of(number);
    return result.ok() ? trilho::FloatsOf(result->outputs.at(output)) : std::vector<float>();
  }
  std::vector<int> Order() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return order_;
  }
  int repeated() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return repeated_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::map<int, absl::StatusOr<RunResult>> results_ GUARDED_BY(mu_);
  std::vector<int> order_ GUARDED_BY(mu_);
  int repeated_ GUARDED_BY(mu_) = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_FAKE_RUNNER_H_
