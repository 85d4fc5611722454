#include "cpp_server/batching/batching_runner.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/batching/batching_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using BatchingRunnerTest = BatchingTest;

TEST_F(BatchingRunnerTest, WhatHasComeWhenAThreadIsFreeGoesTogether) {
  Block();
  Run(0, x_, Floats({1}, {10}));
  Run(1, x_, Floats({2}, {20, 21}));
  Run(2, x_, Floats({1}, {30}));
  model_.Open();
  EXPECT_THAT(answers_.FloatsOf(0), ElementsAre(10));
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(20, 21));
  EXPECT_THAT(answers_.FloatsOf(2), ElementsAre(30));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [4]"));
}

TEST_F(BatchingRunnerTest, OneAloneIsNotCopied) {
  const void* taken = nullptr;
  const void* given = nullptr;
  model_.set_behaviour([&](const RunRequest& request) {
    taken = request.inputs.front().data<char>();
    Tensor output = Copy(request.inputs.front());
    given = output.data<char>();
    return Outputs(std::move(output));
  });
  Tensor input = Floats({2}, {1, 2});
  const void* const sent = input.data<char>();
  Run(0, x_, std::move(input));
  ASSERT_TRUE(answers_.Of(0).ok());
  EXPECT_EQ(taken, sent);
  EXPECT_EQ(answers_.Of(0)->outputs.front().data<char>(), given);
}

TEST_F(BatchingRunnerTest, AFullBatchDoesNotWait) {
  parameters_.max_batch_size = 3;
  parameters_.batch_timeout_micros = int64_t{3600} * 1000 * 1000;
  for (int i = 0; i < 3; ++i) Run(i, x_, Floats({1}, {static_cast<float>(i)}));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(answers_.FloatsOf(i), ElementsAre(i));
  EXPECT_THAT(model_.Runs(), ElementsAre("x: [3]"));
}

TEST_F(BatchingRunnerTest, ABatchThatIsNotFullWaitsForTheTimeout) {
  parameters_.batch_timeout_micros = 20000;
  Run(0, x_, Floats({1}, {0}));
  Run(1, x_, Floats({1}, {1}));
  ASSERT_TRUE(answers_.Of(0).ok());
  EXPECT_GE(answers_.Of(0)->times.queued, 20000);
  ASSERT_TRUE(answers_.Of(1).ok());
}

TEST_F(BatchingRunnerTest, ABatchIsNoLargerThanAllowed) {
  parameters_.max_batch_size = 4;
  Block();
  for (int i = 0; i < 3; ++i) Run(i, x_, Floats({2}, {1.0f * i, 0}));
  Run(3, x_, Floats({3}, {3, 0, 0}));
  model_.Open();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(answers_.FloatsOf(i).at(0), i);
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [4]", "x: [2]", "x: [3]"));
}

TEST_F(BatchingRunnerTest, AnOddShapeHasABatchOfItsOwn) {
  Block();
  Run(0, xx_, Floats({1, 2}, {1, 2}));
  Run(1, xx_, Floats({1, 3}, {3, 4, 5}));
  Run(2, xx_, Floats({2, 2}, {6, 7, 8, 9}));
  model_.Open();
  EXPECT_THAT(answers_.FloatsOf(0), ElementsAre(1, 2));
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(3, 4, 5));
  EXPECT_THAT(answers_.FloatsOf(2), ElementsAre(6, 7, 8, 9));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("xx: [3,2]", "xx: [1,3]"));
}

TEST_F(BatchingRunnerTest, ManyShapesKeepTheirQueues) {
  constexpr int kShapes = 200;
  Block();
  for (int i = 0; i < 2 * kShapes; ++i) {
    const int64_t width = 1 + i % kShapes;
    Run(i, xx_, Floats({1, width}, std::vector<float>(static_cast<size_t>(width), 1.0f * i)));
  }
  model_.Open();
  answers_.Await(2 * kShapes + 1);
  EXPECT_THAT(RunsAfterPlug(), AllOf(SizeIs(kShapes), Each(::testing::StartsWith("xx: [2,"))));
}

TEST_F(BatchingRunnerTest, ShapesArePaddedIfToldTo) {
  parameters_.pad_variable_length_inputs = true;
  Block();
  Run(0, xx_, Floats({1, 2}, {1, 2}));
  Run(1, xx_, Floats({1, 3}, {3, 4, 5}));
  model_.Open();
  EXPECT_THAT(answers_.FloatsOf(0), ElementsAre(1, 2, 1));
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(3, 4, 5));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("xx: [2,3]"));
}

TEST_F(BatchingRunnerTest, BatchesArePaddedToAnAllowedSize) {
  parameters_.max_batch_size = 8;
  parameters_.allowed_batch_sizes = {4, 8};
  std::vector<std::vector<float>> ran;
  model_.set_behaviour([&](const RunRequest& request) {
    ran.push_back(FloatsOf(request.inputs.front()));
    return Outputs(Copy(request.inputs.front()));
  });
  Run(0, x_, Floats({3}, {1, 2, 3}));
  EXPECT_THAT(answers_.FloatsOf(0), ElementsAre(1, 2, 3));
  Block();
  Run(1, x_, Floats({3}, {1, 2, 3}));
  Run(2, x_, Floats({2}, {4, 5}));
  model_.Open();
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(1, 2, 3));
  EXPECT_THAT(answers_.FloatsOf(2), ElementsAre(4, 5));
  EXPECT_THAT(ran, ElementsAre(ElementsAre(1, 2, 3, 1), ElementsAre(0), ElementsAre(1, 2, 3, 4, 5, 4, 4, 4)));
}

TEST_F(BatchingRunnerTest, ARequestLargerThanABatchIsSplitIfToldTo) {
  parameters_.max_batch_size = 5;
  parameters_.max_execution_batch_size = 2;
  parameters_.enable_large_batch_splitting = true;
  Block();
  Run(0, x_, Floats({5}, {1, 2, 3, 4, 5}));
  Run(1, x_, Floats({1}, {6}));
  model_.Open();
  EXPECT_THAT(answers_.FloatsOf(0), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(6));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [2]", "x: [2]", "x: [2]")) << "the rest goes with another request";
  Run(2, x_, Floats({6}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(answers_.StatusOf(2), absl::InvalidArgumentError("Task size 6 is larger than maximum input batch size 5"));
}

TEST_F(BatchingRunnerTest, ABatchHasTheLatestDeadlineOfItsRequests) {
  const auto soon = steady_clock::now() + std::chrono::hours(1), later = soon + std::chrono::hours(1);
  steady_clock::time_point deadline;
  model_.set_behaviour([&](const RunRequest& request) {
    deadline = request.deadline;
    return Outputs(Copy(request.inputs.front()));
  });
  Block();
  for (const auto& [number, time] : {std::pair(0, soon), std::pair(1, later), std::pair(2, soon)}) {
    RunRequest request = Request(x_, Inputs(Floats({1}, {0})));
    request.deadline = time;
    Run(number, std::move(request));
  }
  model_.Open();
  answers_.Await(4);
  EXPECT_EQ(deadline, later);
}

TEST_F(BatchingRunnerTest, Strings) {
  const Signature text = Of("text", {Info("t", {{-1}}, TF_STRING)}, {Info("t", {{-1}}, TF_STRING)});
  const std::string large(1000, 'l');
  Block();
  Run(0, text, trilho::Strings({2}, {"a", large}));
  Run(1, text, trilho::Strings({1}, {""}));
  model_.Open();
  EXPECT_THAT(StringsOf(answers_.Of(0)->outputs.front()), ElementsAre("a", large));
  EXPECT_THAT(StringsOf(answers_.Of(1)->outputs.front()), ElementsAre(""));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("text: [3]"));
}

TEST_F(BatchingRunnerTest, TheSameOutputsInAnyOrderShareABatch) {
  model_.set_behaviour([](const RunRequest& request) -> absl::StatusOr<std::vector<Tensor>> {
    std::vector<Tensor> outputs;
    for (const int output : request.outputs) {
      std::vector<float> values = FloatsOf(request.inputs.front());
      for (float& value : values) value += 100.0f * output;
      outputs.push_back(Floats(request.inputs.front().dims(), values));
    }
    return outputs;
  });
  Block();
  Run(0, Request(x_, Inputs(Floats({1}, {1})), {0, 1}));
  Run(1, Request(x_, Inputs(Floats({1}, {2})), {1, 0}));
  Run(2, Request(x_, Inputs(Floats({1}, {3})), {1}));
  model_.Open();
  EXPECT_THAT(answers_.FloatsOf(0, 0), ElementsAre(1));
  EXPECT_THAT(answers_.FloatsOf(0, 1), ElementsAre(101));
  EXPECT_THAT(answers_.FloatsOf(1, 0), ElementsAre(102));
  EXPECT_THAT(answers_.FloatsOf(1, 1), ElementsAre(2));
  EXPECT_THAT(answers_.FloatsOf(2), ElementsAre(103));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [2]", "x: [1]"));
}

TEST_F(BatchingRunnerTest, TellsItsObserver) {
  parameters_.max_batch_size = 4;
  parameters_.allowed_batch_sizes = {4};
  model_.set_behaviour([](const RunRequest& request) -> absl::StatusOr<std::vector<Tensor>> {
    if (FloatsOf(request.inputs.front()).front() < 0) return absl::InternalError("negative");
    return Outputs(Copy(request.inputs.front()));
  });
  Block();
  Run(0, x_, Floats({1}, {-1}));
  Run(1, x_, Floats({2}, {0, 0}));
  model_.Open();
  answers_.Await(3);
  const auto events = recorder_->Events();
  ASSERT_THAT(events, SizeIs(4));
  EXPECT_EQ(events[0].signature, "plug");
  EXPECT_TRUE(events[0].event.alone);
  EXPECT_EQ(events[1].signature, "x");
  EXPECT_EQ(events[1].event.tasks, 2);
  EXPECT_EQ(events[1].event.input_size, 3);
  EXPECT_EQ(events[1].event.padded_size, 4);
  EXPECT_THAT(events[1].event.queued_micros, AllOf(SizeIs(2), Each(Ge(0))));
  EXPECT_FALSE(events[1].event.ok);
  EXPECT_FALSE(events[1].event.alone);
  EXPECT_EQ(events[2].event.tasks, 1);
  EXPECT_EQ(events[2].event.padded_size, 4);
  EXPECT_THAT(events[2].event.queued_micros, IsEmpty()) << "it has been told";
  EXPECT_FALSE(events[2].event.ok);
  EXPECT_TRUE(events[3].event.ok);
}

TEST_F(BatchingRunnerTest, TwoModelsTakeTurns) {
  parameters_.max_batch_size = 1;
  FakeModel other_model;
  Block();
  const auto other = NewBatchingRunner(other_model.NewRunner(), parameters_, threads_);
  for (int i = 0; i < 5; ++i) Run(i, x_, Floats({1}, {0}));
  for (int i = 10; i < 13; ++i) other->Run(Request(x_, Inputs(Floats({1}, {0}))), answers_.Take(i));
  model_.Open();
  answers_.Await(9);
  EXPECT_THAT(answers_.Order(), ElementsAre(kPlug, 0, 10, 1, 11, 2, 12, 3, 4));
}

}  // namespace
}  // namespace trilho
