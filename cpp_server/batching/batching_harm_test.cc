// Whatever is wrong with a request harms only itself.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/batching/batching_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using BatchingHarmTest = BatchingTest;

TEST_F(BatchingHarmTest, ARequestLargerThanABatchIsRefused) {
  parameters_.max_batch_size = 2;
  Run(0, x_, Floats({3}, {1, 2, 3}));
  EXPECT_EQ(answers_.StatusOf(0), absl::InvalidArgumentError("Task size 3 is larger than maximum input batch size 2"));
}

TEST_F(BatchingHarmTest, AFailedPieceFailsItsRequestOnly) {
  parameters_.max_batch_size = 2;
  parameters_.enable_large_batch_splitting = true;
  model_.set_behaviour([](const RunRequest& request) -> absl::StatusOr<std::vector<Tensor>> {
    for (const float value : FloatsOf(request.inputs.front())) {
      if (value < 0) return absl::InvalidArgumentError("negative");
    }
    return Outputs(Copy(request.inputs.front()));
  });
  Block();
  Run(0, x_, Floats({7}, {1, -2, 3, 4, 5, 6, 7}));
  Run(1, x_, Floats({1}, {8}));
  model_.Open();
  EXPECT_EQ(answers_.StatusOf(0), absl::InvalidArgumentError("negative"));
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(8));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [2]", "x: [1]")) << "its other pieces are not run";
}

TEST_F(BatchingHarmTest, PiecesThatCannotBeJoinedAreRunAsTheyCame) {
  parameters_.max_batch_size = 2;
  parameters_.enable_large_batch_splitting = true;
  model_.set_behaviour([](const RunRequest& request) {
    float sum = 0;
    for (const float value : FloatsOf(request.inputs.front())) sum += value;
    return Outputs(Floats({1}, {sum}));
  });
  Run(0, x_, Floats({3}, {1, 2, 3}));
  EXPECT_THAT(answers_.FloatsOf(0), ElementsAre(6));
  Run(1, x_, Floats({3}, {1, 2, 4}));
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(7));
  EXPECT_THAT(model_.Runs(), ElementsAre("x: [2]", "x: [1]", "x: [3]", "x: [2]", "x: [1]", "x: [3]"));
}

// Has no memory for a result, once, and then passes on what it gets.
RunDone Poor(RunDone done) {
  return [done = std::move(done)](absl::StatusOr<RunResult> result) {
    if (result.ok()) throw std::bad_alloc();
    done(std::move(result));
  };
}

TEST_F(BatchingHarmTest, ACallerWithoutMemoryForItsAnswerFailsAlone) {
  Block();
  runner().Run(Request(x_, Inputs(Floats({1}, {1}))), Poor(answers_.Take(0)));
  Run(1, x_, Floats({1}, {2}));
  model_.Open();
  EXPECT_EQ(answers_.StatusOf(0), NoMemoryError());
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(2)) << "of the same run";
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [2]"));
  EXPECT_EQ(answers_.repeated(), 0);
}

TEST_F(BatchingHarmTest, ACallerWithoutMemoryForTheAnswerOfItsPiecesFails) {
  parameters_.max_batch_size = 2;
  parameters_.enable_large_batch_splitting = true;
  runner().Run(Request(x_, Inputs(Floats({3}, {1, 2, 3}))), Poor(answers_.Take(0)));
  EXPECT_EQ(answers_.StatusOf(0), NoMemoryError());
  // Or of what they are run as when they cannot be joined.
  model_.set_behaviour([](const RunRequest&) { return Outputs(Floats({1}, {0})); });
  runner().Run(Request(x_, Inputs(Floats({3}, {1, 2, 3}))), Poor(answers_.Take(1)));
  EXPECT_EQ(answers_.StatusOf(1), NoMemoryError());
  EXPECT_EQ(answers_.repeated(), 0);
}

TEST_F(BatchingHarmTest, ABatchThatThereIsNoMemoryToRunFailsAndTheThreadGoesOn) {
  model_.set_behaviour([](const RunRequest& request) -> absl::StatusOr<std::vector<Tensor>> {
    if (FloatsOf(request.inputs.front()).front() < 0) throw std::bad_alloc();
    return Outputs(Copy(request.inputs.front()));
  });
  Block();
  Run(0, x_, Floats({1}, {-1}));
  Run(1, x_, Floats({1}, {1}));
  model_.Open();
  for (const int lost : {0, 1}) EXPECT_EQ(answers_.StatusOf(lost), NoMemoryError()) << lost;
  Run(2, x_, Floats({1}, {2}));
  EXPECT_THAT(answers_.FloatsOf(2), ElementsAre(2));
  EXPECT_EQ(answers_.repeated(), 0);
}

TEST_F(BatchingHarmTest, AFullQueueRefusesAtOnce) {
  parameters_.max_batch_size = 2;
  parameters_.max_enqueued_batches = 2;
  Block();
  Run(0, x_, Floats({2}, {0, 0}));
  Run(1, x_, Floats({1}, {0}));
  Run(2, x_, Floats({2}, {0, 0}));
  EXPECT_EQ(answers_.StatusOf(2),
            absl::ResourceExhaustedError(
                "The batch scheduling queue to which this task was submitted is full; currently 2 batches enqueued and "
                "max_enqueued_batches is 2 (3 rows of 4 wait, this task has 2)"));
  Run(3, x_, Floats({1}, {0}));
  Run(4, x_, Floats({1}, {0}));
  EXPECT_EQ(answers_.StatusOf(4).code(), absl::StatusCode::kResourceExhausted);
  Run(5, xx_, Floats({1, 1}, {0}));
  model_.Open();
  for (const int taken : {0, 1, 3, 5}) EXPECT_TRUE(answers_.Of(taken).ok()) << taken;
}

TEST_F(BatchingHarmTest, AFullQueueRefusesAllPiecesOfARequest) {
  parameters_.max_batch_size = 2;
  parameters_.max_enqueued_batches = 2;
  parameters_.enable_large_batch_splitting = true;
  Block();
  Run(0, x_, Floats({1}, {0}));
  Run(1, x_, Floats({4}, {0, 0, 0, 0}));
  EXPECT_EQ(answers_.StatusOf(1).code(), absl::StatusCode::kResourceExhausted);
  model_.Open();
  EXPECT_TRUE(answers_.Of(0).ok());
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [1]"));
}

TEST_F(BatchingHarmTest, WhatCannotBeBatchedRunsAlone) {
  const Signature fixed = Of("fixed", {Info("x", {{2}})}, {Info("y", {{2}})});
  const Signature unknown = Of("unknown", {Info("x", absl::nullopt)}, {Info("y", absl::nullopt)});
  const Signature none = Of("none", {}, {});
  const Signature squeezed = Of("squeezed", {Info("x", {{-1}})}, {Info("y", absl::nullopt)});
  const Signature wide = Of("wide", {Info("x", {{-1, 2}})}, {Info("y", {{-1, 2}})});
  const Signature scalar = Of("scalar", {Info("x", {{-1}})}, {Info("loss", {{}})});
  Block();
  int number = 0;
  for (int twice = 0; twice < 2; ++twice) {
    Run(number++, Request(fixed, Inputs(Floats({2}, {1, 2}))));
    Run(number++, Request(unknown, Inputs(Floats({}, {1}))));
    Run(number++, Request(none, {}, {}));
    Run(number++, Request(squeezed, Inputs(Floats({1}, {1}))));
    Run(number++, Request(scalar, Inputs(Floats({1}, {1}))));
    Run(number++, Request(x_, Inputs(Floats({0}, {}))));
    Run(number++, Request(x_, Inputs(Floats({2, 1}, {1, 2}))));
    Run(number++, Request(x_, Inputs(Floats({}, {1}))));
    Run(number++, Request(wide, Inputs(Floats({1, 3}, {1, 2, 3}))));
    Run(number++, Request(ab_, Inputs(Floats({2}, {1, 2}), Floats({1}, {1}))));
    Run(number++, Request(x_, Inputs(Floats({1}, {1})), {0, 0}));
  }
  model_.Open();
  for (int i = 0; i < number; ++i) EXPECT_TRUE(answers_.Of(i).ok()) << answers_.StatusOf(i);
  const auto runs = RunsAfterPlug();
  EXPECT_THAT(runs, SizeIs(number));
  for (const char* run : {"fixed: [2]", "unknown: []", "none:", "squeezed: [1]", "scalar: [1]", "x: [0]", "x: [2,1]",
                          "x: []", "wide: [1,3]", "ab: [2] [1]", "x: [1]"}) {
    EXPECT_EQ(std::count(runs.begin(), runs.end(), run), 2) << run;
  }
}

TEST_F(BatchingHarmTest, LoneRequestsDoNotWaitForOthers) {
  parameters_.batch_timeout_micros = int64_t{3600} * 1000 * 1000;
  Run(0, x_, Floats({0}, {}));
  EXPECT_TRUE(answers_.Of(0).ok());
}

TEST_F(BatchingHarmTest, OneBadRequestHarmsOnlyItself) {
  model_.set_behaviour([](const RunRequest& request) -> absl::StatusOr<std::vector<Tensor>> {
    for (const float value : FloatsOf(request.inputs.front())) {
      if (value < 0) return absl::InvalidArgumentError("negative");
    }
    return Outputs(Copy(request.inputs.front()));
  });
  Block();
  for (int i = 0; i < 20; ++i) Run(i, x_, Floats({1}, {i == 7 ? -1.0f : 1.0f * i}));
  model_.Open();
  for (int i = 0; i < 20; ++i) {
    if (i == 7) {
      EXPECT_EQ(answers_.StatusOf(i), absl::InvalidArgumentError("negative"));
    } else {
      EXPECT_THAT(answers_.FloatsOf(i), ElementsAre(i));
    }
  }
  EXPECT_THAT(RunsAfterPlug(), SizeIs(21));
}

// How a request is answered must not depend on those that were answered before it.
TEST_F(BatchingHarmTest, OutputsWithoutTheRowsThatTheyDeclareAreNotSharedAndNothingIsLearntOfThem) {
  // The second output is one number for all rows.
  const Signature signature = Of("s", {Info("x", {{-1}})}, {Info("y", {{-1}}), Info("sum", {{-1}})});
  model_.set_behaviour([](const RunRequest& request) -> absl::StatusOr<std::vector<Tensor>> {
    std::vector<Tensor> outputs;
    for (const int output : request.outputs) {
      float sum = 0;
      for (const float value : FloatsOf(request.inputs.front())) sum += value;
      outputs.push_back(output == 0 ? Copy(request.inputs.front()) : Floats({}, {sum}));
    }
    return outputs;
  });
  for (int round = 0; round < 2; ++round) {
    const int first = 10 * round;
    const size_t before = model_.Runs().size();
    Block();
    for (int i = 0; i < 3; ++i) Run(first + i, Request(signature, Inputs(Floats({2}, {1.0f * i, 1})), {0, 1}));
    for (int i = 3; i < 5; ++i) Run(first + i, Request(signature, Inputs(Floats({2}, {1.0f * i, 1})), {0}));
    model_.Open();
    for (int i = 0; i < 3; ++i) EXPECT_THAT(answers_.FloatsOf(first + i, 1), ElementsAre(i + 1));
    for (int i = 3; i < 5; ++i) EXPECT_THAT(answers_.FloatsOf(first + i), ElementsAre(i, 1));
    std::vector<std::string> runs = model_.Runs();
    runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(before) + 1);
    EXPECT_THAT(runs, UnorderedElementsAre("s: [6]", "s: [2]", "s: [2]", "s: [2]", "s: [4]"));
  }
}

TEST_F(BatchingHarmTest, WhoIsNotWaitedForIsAnsweredAndTakesNoRoom) {
  parameters_.max_batch_size = 2;
  Block();
  RunRequest late = Request(x_, Inputs(Floats({1}, {0})));
  late.deadline = steady_clock::now();
  Run(0, std::move(late));
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  RunRequest gone = Request(x_, Inputs(Floats({1}, {1})));
  gone.cancelled = cancelled;
  Run(1, std::move(gone));
  Run(2, x_, Floats({1}, {2}));
  Run(3, x_, Floats({1}, {3}));
  cancelled->store(true);
  model_.Open();
  EXPECT_EQ(answers_.StatusOf(0).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(answers_.StatusOf(1).code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(answers_.FloatsOf(2), ElementsAre(2));
  EXPECT_THAT(answers_.FloatsOf(3), ElementsAre(3));
  EXPECT_THAT(RunsAfterPlug(), ElementsAre("x: [2]"));
}

}  // namespace
}  // namespace trilho
