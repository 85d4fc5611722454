#include "cpp_server/batching/batching_parameters.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "cpp_server/config/text_proto.h"
#include "tensorflow_serving/servables/tensorflow/session_bundle_config.pb.h"

namespace trilho {
namespace {

constexpr int64_t kMostInt = std::numeric_limits<int>::max();

// A year: far beyond sense, and added to now it is still a time.
constexpr int64_t kMostMicros = int64_t{365} * 24 * 3600 * 1000 * 1000;

// More are a slip of the finger; the system refuses them at some number, by ending the process.
constexpr int64_t kMostThreads = 4096;

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " must be between ", least, " and ", most, ", not ", value));
}

}  // namespace

int64_t NumCpus() { return std::max<int64_t>(1, std::thread::hardware_concurrency()); }

int64_t BatchingParameters::LargestBatch() const {
  return enable_large_batch_splitting && max_execution_batch_size > 0 ? max_execution_batch_size : max_batch_size;
}

int64_t BatchingParameters::LargestTask() const {
  return enable_large_batch_splitting && LargestBatch() >= max_batch_size ? QueueCapacity() : max_batch_size;
}

int64_t BatchingParameters::PaddedSize(int64_t rows) const {
  const auto size = std::lower_bound(allowed_batch_sizes.begin(), allowed_batch_sizes.end(), rows);
  return size == allowed_batch_sizes.end() ? rows : *size;
}

int64_t BatchingParameters::QueueCapacity() const { return max_enqueued_batches * LargestBatch(); }

absl::Status BatchingParameters::Validate() const {
  absl::Status status = CheckRange("max_batch_size", max_batch_size, 1, kMostInt);
  status.Update(CheckRange("batch_timeout_micros", batch_timeout_micros, 0, kMostMicros));
  status.Update(CheckRange("max_enqueued_batches", max_enqueued_batches, 1, kMostInt));
  status.Update(CheckRange("num_batch_threads", num_batch_threads, 1, kMostThreads));
  status.Update(CheckRange("max_execution_batch_size", max_execution_batch_size, 0, kMostInt));
  if (!status.ok()) return status;
  if (enable_large_batch_splitting && max_execution_batch_size > max_batch_size) {
    return absl::InvalidArgumentError(absl::StrCat("max_execution_batch_size must be at most max_batch_size, ",
                                                   max_batch_size, ", not ", max_execution_batch_size));
  }
  if (allowed_batch_sizes.empty()) return absl::OkStatus();
  for (size_t i = 0; i < allowed_batch_sizes.size(); ++i) {
    if (allowed_batch_sizes[i] <= (i == 0 ? 0 : allowed_batch_sizes[i - 1])) {
      return absl::InvalidArgumentError(
          absl::StrCat("allowed_batch_sizes entries must be monotonically increasing, and positive, not ",
                       absl::StrJoin(allowed_batch_sizes, ", ")));
    }
  }
  if (allowed_batch_sizes.back() != LargestBatch()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Last entry in allowed_batch_sizes must ",
                     enable_large_batch_splitting ? "be equal to max_execution_batch_size" : "match max_batch_size",
                     "; last entry was ", allowed_batch_sizes.back(), "; expected ", LargestBatch()));
  }
  return absl::OkStatus();
}

absl::StatusOr<BatchingParameters> FromProto(const tensorflow::serving::BatchingParameters& proto) {
  BatchingParameters parameters;
  if (proto.has_max_batch_size()) parameters.max_batch_size = proto.max_batch_size().value();
  if (proto.has_batch_timeout_micros()) parameters.batch_timeout_micros = proto.batch_timeout_micros().value();
  if (proto.has_max_enqueued_batches()) parameters.max_enqueued_batches = proto.max_enqueued_batches().value();
  if (proto.has_num_batch_threads()) parameters.num_batch_threads = proto.num_batch_threads().value();
  parameters.allowed_batch_sizes = {proto.allowed_batch_sizes().begin(), proto.allowed_batch_sizes().end()};
  parameters.pad_variable_length_inputs = proto.pad_variable_length_inputs();
  parameters.enable_large_batch_splitting = proto.enable_large_batch_splitting().value();
  if (proto.has_max_execution_batch_size()) {
    parameters.max_execution_batch_size = proto.max_execution_batch_size().value();
    // To the struct, 0 means that it was not given.
    const absl::Status given = CheckRange("max_execution_batch_size", parameters.max_execution_batch_size, 1, kMostInt);
    if (!given.ok()) return given;
  }
  const absl::Status valid = parameters.Validate();
  if (!valid.ok()) return valid;
  return parameters;
}

absl::StatusOr<BatchingParameters> ReadBatchingParametersFile(absl::string_view what, const std::string& path) {
  tensorflow::serving::BatchingParameters proto;
  const absl::Status read = ReadTextProtoFile(what, path, &proto);
  if (!read.ok()) return read;
  auto parameters = FromProto(proto);
  if (!parameters.ok()) {
    return absl::Status(parameters.status().code(),
                        absl::StrCat(what, ": ", path, ": ", parameters.status().message()));
  }
  return parameters;
}

}  // namespace trilho
