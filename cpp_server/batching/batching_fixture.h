// What the tests of the batching runner share.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCHING_FIXTURE_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCHING_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cpp_server/batching/batching_runner.h"
#include "cpp_server/batching/fake_runner.h"
#include "gtest/gtest.h"

namespace trilho {

template <typename... T>
std::vector<Tensor> Inputs(T... tensors) {
  std::vector<Tensor> inputs;
  (inputs.push_back(std::move(tensors)), ...);
  return inputs;
}

inline absl::StatusOr<std::vector<Tensor>> Outputs(Tensor tensor) { return Inputs(std::move(tensor)); }

class Recorder final : public BatchObserver {
 public:
  struct Event {
    std::string signature;
    BatchEvent event;
  };
  void OnBatch(const BatchEvent& event) override {
    MutexLock lock(&mu_);
    events_.push_back({std::string(event.signature), event});
  }
  std::vector<Event> Events() {
    MutexLock lock(&mu_);
    return events_;
  }

 private:
  Mutex mu_;
  std::vector<Event> events_ GUARDED_BY(mu_);
};

// One thread, unless told otherwise, which is held up by the request `kPlug` while others come.
class BatchingTest : public ::testing::Test {
 protected:
  static constexpr int kPlug = -1;

  BatchingTest() {
    parameters_.num_batch_threads = 1;
    plug_ = Of("plug", {Info("p", {{1}})}, {Info("p", {{1}})});
    x_ = Of("x", {Info("x", {{-1}})}, {Info("y", {{-1}}), Info("z", {{-1}})});
    xx_ = Of("xx", {Info("x", {{-1, -1}})}, {Info("y", {{-1, -1}})});
    ab_ = Of("ab", {Info("a", {{-1}}), Info("b", {{-1}})}, {Info("y", {{-1}})});
  }

  static Signature Of(const std::string& name, std::vector<TensorInfo> inputs, std::vector<TensorInfo> outputs) {
    return {name, "", std::move(inputs), std::move(outputs)};
  }

  static RunRequest Request(const Signature& signature, std::vector<Tensor> inputs, std::vector<int> outputs = {0}) {
    RunRequest request;
    request.signature = &signature;
    request.inputs = std::move(inputs);
    request.outputs = std::move(outputs);
    return request;
  }

  Runner& runner() {
    if (runner_ == nullptr) {
      threads_ = std::make_shared<BatchThreads>(parameters_.num_batch_threads);
      EXPECT_TRUE(parameters_.Validate().ok()) << parameters_.Validate();
      runner_ = NewBatchingRunner(model_.NewRunner(), parameters_, threads_, recorder_);
    }
    return *runner_;
  }

  void Run(int number, RunRequest request) { runner().Run(std::move(request), answers_.Take(number)); }
  void Run(int number, const Signature& signature, Tensor input) {
    Run(number, Request(signature, Inputs(std::move(input))));
  }

  // Returns when the thread is taken.
  void Block() {
    const size_t before = model_.Runs().size();
    model_.Close();
    Run(kPlug, plug_, Floats({1}, {0}));
    model_.AwaitRuns(before + 1);
  }

  // The runs, without the first one, which is the plug's.
  std::vector<std::string> RunsAfterPlug() {
    std::vector<std::string> runs = model_.Runs();
    EXPECT_EQ(runs.front(), "plug: [1]");
    runs.erase(runs.begin());
    return runs;
  }

  Signature plug_, x_, xx_, ab_;
  BatchingParameters parameters_;
  FakeModel model_;
  Answers answers_;
  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  std::shared_ptr<BatchThreads> threads_;
  // Goes first: what it uses is above.
  std::unique_ptr<Runner> runner_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCHING_FIXTURE_H_
