// tensorflow.serving.Input: the examples that Classify, Regress and
// MultiInference are asked about.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLES_INPUT_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLES_INPUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// Serialized tensorflow.Examples where they lie in a request: each is walked to see that protobuf would parse it, and
// copied once, into the tensor; no message is made of it. The bytes must outlive the object.
class ExamplesInput {
 public:
  // The most that a context, which comes before every example, may grow to: a
  // small request must not take all memory.
  static constexpr int64_t kMaxRepeatedContextBytes = int64_t{256} << 20;

  ExamplesInput() = default;
  // Already read from elsewhere. `context` is a serialized Example too.
  explicit ExamplesInput(std::vector<absl::string_view> examples, absl::string_view context = {});

  // Adds the fields in `input`, a serialized Input, by protobuf's rules: lists
  // of the same kind are joined, one of the other kind replaces what was there.
  // INVALID_ARGUMENT if protobuf would not parse it; if the reason lies in an
  // example, the message says in which and what it is.
  absl::Status Merge(absl::string_view input);

  // The number of examples.
  int64_t size() const { return size_; }

  // Strings of shape [size()], each the context's bytes and then an example's,
  // which parses as the two merged. INVALID_ARGUMENT "Input is empty." if there
  // is no example, or if they need more memory than a request may take.
  absl::StatusOr<Tensor> ToTensor() const;

 private:
  // Which member of Input's oneof.
  enum class Kind { kNone, kExampleList, kExampleListWithContext };

  absl::Status MergeList(Kind kind, absl::string_view list);

  Kind kind_ = Kind::kNone;
  int64_t size_ = 0;
  std::string context_;
  // Examples one by one, or serialized lists, well-formed and none empty.
  std::vector<absl::string_view> examples_;
  std::vector<absl::string_view> lists_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLES_INPUT_H_
