#include "cpp_server/batching/explain.h"

#include "absl/status/status.h"
#include "cpp_server/batching/fake_runner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

Signatures Of(const std::vector<TensorInfo>& inputs, const std::vector<TensorInfo>& outputs) {
  Signatures signatures;
  signatures.by_name["s"] = {"s", "", inputs, outputs};
  return signatures;
}

TEST(ExplainTest, TheDefaults) {
  BatchingParameters parameters;
  parameters.num_batch_threads = 2;
  Signatures signatures = Of({Info("x", {{-1, 8}})}, {Info("y", {{-1}})});
  signatures.unsupported["sparse"] = absl::UnimplementedError("\"ids\" is a sparse or composite tensor");
  EXPECT_EQ(ExplainBatching(parameters, signatures),
            "a batch has up to 1000 rows; requests of more than 1000 rows are refused\n"
            "a request waits until one of 2 threads (of all models) is free, and goes with all that wait then\n"
            "a queue holds 10000 rows (max_enqueued_batches 10 of 1000), or requests that run alone; more are refused "
            "with RESOURCE_EXHAUSTED\n"
            "requests whose shapes differ beyond the first dimension form separate batches\n"
            "signature \"s\": batched\n"
            "signature \"sparse\": not served: \"ids\" is a sparse or composite tensor\n");
}

TEST(ExplainTest, SizesAndWaits) {
  BatchingParameters parameters;
  parameters.max_batch_size = 100;
  parameters.batch_timeout_micros = 500;
  parameters.num_batch_threads = 2;
  parameters.enable_large_batch_splitting = true;
  parameters.max_execution_batch_size = 8;
  parameters.allowed_batch_sizes = {4, 8};
  parameters.pad_variable_length_inputs = true;
  EXPECT_EQ(ExplainBatching(parameters, {}),
            "a batch has up to 8 rows and is padded to one of 4, 8; larger requests are split; requests of more than "
            "100 rows are refused\n"
            "a request waits until its batch is full, or for 500 microseconds, and until one of 2 threads (of all "
            "models) is free\n"
            "a queue holds 80 rows (max_enqueued_batches 10 of 8), or requests that run alone; more are refused with "
            "RESOURCE_EXHAUSTED\n"
            "requests whose shapes differ beyond the first dimension are padded to share a batch\n");
}

TEST(ExplainTest, AnOutputThatNobodyCanAskForIsNotMentioned) {
  TensorInfo ragged = Info("ids", absl::nullopt);
  ragged.unsendable = "is a sparse or composite tensor";
  EXPECT_THAT(ExplainBatching({}, Of({Info("x", {{-1}})}, {ragged, Info("y", {{-1}})})),
              HasSubstr("signature \"s\": batched\n"));
}

TEST(ExplainTest, EachSignature) {
  const TensorInfo x = Info("x", {{-1}}), y = Info("y", {{-1}});
  const std::vector<std::pair<Signatures, std::string>> cases = {
      {Of({}, {y}), "every request runs alone: there are no inputs"},
      {Of({Info("x", absl::nullopt)}, {y}), "every request runs alone: input \"x\" is of unknown rank"},
      {Of({x, Info("z", {{}})}, {y}), "every request runs alone: input \"z\" has no dimension"},
      {Of({Info("x", {{1, 8}})}, {y}), "every request runs alone: the first dimension of input \"x\" is fixed, [1,8]"},
      {Of({Info("x", {{-1}}, TF_RESOURCE)}, {y}), "every request runs alone: input \"x\" is of type resource"},
      {Of({x}, {Info("loss", {{}})}), "every request runs alone: output \"loss\" has no dimension"},
      {Of({x}, {Info("loss", {{}}), y}),
       "batched if its output_filter leaves these out, alone otherwise: output \"loss\" has no dimension"},
      {Of({Info("x", {{-1, -1}})}, {y}), "batched; input \"x\" varies beyond its first dimension, [-1,-1]"},
      {Of({x}, {Info("z", absl::nullopt)}), "every request runs alone: output \"z\" is of unknown rank"},
      {Of({x}, {y, Info("z", absl::nullopt)}),
       "batched if its output_filter leaves these out, alone otherwise: output \"z\" is of unknown rank"},
  };
  for (const auto& [signatures, expected] : cases) {
    EXPECT_THAT(ExplainBatching({}, signatures), HasSubstr("signature \"s\": " + expected + "\n"));
  }
}

}  // namespace
}  // namespace trilho
