// Many threads at once, and what is destroyed when.

#include <algorithm>
#include <thread>

#include "cpp_server/batching/batching_runner.h"
#include "cpp_server/batching/fake_runner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

class BatchLifetimeTest : public ::testing::Test {
 protected:
  BatchLifetimeTest() : signature_{"s", "", {Info("x", {{-1, -1}})}, {Info("y", {{-1, -1}})}} {}

  RunRequest Request(int64_t rows, int64_t width, float value) const {
    RunRequest request;
    request.signature = &signature_;
    request.inputs.push_back(Floats({rows, width}, std::vector<float>(static_cast<size_t>(rows * width), value)));
    request.outputs = {0};
    return request;
  }

  const Signature signature_;
  FakeModel model_;
};

TEST_F(BatchLifetimeTest, AThousandRequestsOnTwoThreadsAreAllAnswered) {
  constexpr int kClients = 20, kEach = 50;
  BatchingParameters parameters;
  parameters.max_batch_size = 16;
  parameters.max_enqueued_batches = 1000;
  parameters.allowed_batch_sizes = {4, 8, 16};
  Answers answers;
  const auto runner = NewBatchingRunner(model_.NewRunner(), parameters, std::make_shared<BatchThreads>(2));
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < kEach; ++i) {
        const int number = client * kEach + i;
        // All row counts, from none, and more shapes than queues are kept for.
        runner->Run(Request(number % 5, 1 + number % 100, static_cast<float>(number)), answers.Take(number));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  answers.Await(kClients * kEach);
  EXPECT_EQ(answers.repeated(), 0);
  for (int number = 0; number < kClients * kEach; ++number) {
    ASSERT_TRUE(answers.Of(number).ok()) << number << ": " << answers.StatusOf(number);
    const Tensor& output = answers.Of(number)->outputs.front();
    EXPECT_THAT(output.dims(), ElementsAre(number % 5, 1 + number % 100));
    const std::vector<float> values = FloatsOf(output);
    EXPECT_TRUE(std::all_of(values.begin(), values.end(), [&](float value) { return value == number; })) << number;
  }
}

TEST_F(BatchLifetimeTest, TheRunnerAndItsThreadsMayGoWithTheLastAnswer) {
  for (int round = 0; round < 100; ++round) {
    constexpr int kRequests = 8;
    Answers answers;
    // As a model's: whoever is answered last drops it.
    std::shared_ptr<Runner> runner =
        NewBatchingRunner(model_.NewRunner(), BatchingParameters(), std::make_shared<BatchThreads>(2));
    std::vector<std::thread> clients;
    for (int i = 0; i < kRequests; ++i) {
      clients.emplace_back([&, i, held = runner]() mutable {
        Runner* const raw = held.get();
        raw->Run(Request(1 + i % 2, 1, 0),
                 [held = std::move(held), done = answers.Take(i)](absl::StatusOr<RunResult> result) mutable {
                   held.reset();
                   done(std::move(result));
                 });
      });
    }
    runner.reset();
    answers.Await(kRequests);
    for (std::thread& client : clients) client.join();
  }
}

TEST_F(BatchLifetimeTest, TheRunnerMayGoBeforeRunReturns) {
  const auto threads = std::make_shared<BatchThreads>(2);
  for (int round = 0; round < 2000; ++round) {
    Answers answers;
    std::shared_ptr<Runner> runner = NewBatchingRunner(model_.NewRunner(), BatchingParameters(), threads);
    Runner* const raw = runner.get();
    raw->Run(Request(1, 1, 0),
             [held = std::move(runner), done = answers.Take(0)](absl::StatusOr<RunResult> result) mutable {
               held.reset();
               done(std::move(result));
             });
    answers.Await(1);
  }
}

TEST_F(BatchLifetimeTest, ManyModelsShareTheirThreads) {
  const auto threads = std::make_shared<BatchThreads>(2);
  Answers answers;
  std::vector<std::unique_ptr<Runner>> runners;
  for (int i = 0; i < 10; ++i) {
    runners.push_back(NewBatchingRunner(model_.NewRunner(), BatchingParameters(), threads));
  }
  for (int i = 0; i < 100; ++i) {
    runners[static_cast<size_t>(i) % 10]->Run(Request(1, 1, static_cast<float>(i)), answers.Take(i));
  }
  answers.Await(100);
  for (int i = 0; i < 100; ++i) EXPECT_THAT(answers.FloatsOf(i), ElementsAre(i));
}

}  // namespace
}  // namespace trilho
