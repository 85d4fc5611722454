// What is wrong in a contract, all of it at once.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_PROBLEMS_H_
#define TRILHO_CPP_SERVER_CONTRACTS_PROBLEMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace trilho {

// "census.proto:12", or "census.proto" if the set was compiled without source info.
template <typename Descriptor>
std::string LocationOf(const Descriptor& descriptor) {
  google::protobuf::SourceLocation location;
  std::string text = descriptor.file()->name();
  // Lines are counted from 0 there.
  if (descriptor.GetSourceLocation(&location)) text += ":" + std::to_string(location.start_line + 1);
  return text;
}

// Collects them, each once.
class Problems {
 public:
  // `file` is the descriptor set's.
  explicit Problems(absl::string_view file) : file_(file) {}

  void Add(std::string problem);
  // Of a field, method, message.
  template <typename Descriptor>
  void Add(const Descriptor& descriptor, absl::string_view problem) {
    std::string text = LocationOf(descriptor) + ": " + descriptor.full_name() + ": ";
    text.append(problem.data(), problem.size());
    Add(std::move(text));
  }

  bool empty() const { return problems_.empty(); }

  // OK if there are none, else INVALID_ARGUMENT with a line for each.
  absl::Status ToStatus() const;

 private:
  const std::string file_;
  std::vector<std::string> problems_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_PROBLEMS_H_
