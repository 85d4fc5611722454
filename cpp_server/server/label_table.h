// Names for versions, such as "stable" and "canary".

#ifndef TRILHO_CPP_SERVER_SERVER_LABEL_TABLE_H_
#define TRILHO_CPP_SERVER_SERVER_LABEL_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// By model, then by label.
using Labels = std::map<std::string, std::map<std::string, int64_t>>;

// Knows what every label of every model stands for. A label that moves to a
// version which is not available yet goes on standing for the one it last
// answered with until the new one is, so that a label can be moved, or set in
// the first configuration, before its version is there.
//
// Thread-safe. Uses `manager`, which must outlive it.
class LabelTable {
 public:
  explicit LabelTable(const Manager* manager) : manager_(manager) {}

  // Takes the place of all labels.
  void Set(const Labels& labels) EXCLUDES(mu_);

  // INVALID_ARGUMENT "Unrecognized servable version label: L" if the model has
  // no such label, with those that it has. The version is not necessarily
  // available.
  absl::StatusOr<int64_t> Resolve(absl::string_view model, absl::string_view label) const EXCLUDES(mu_);

  // As set.
  Labels Get() const EXCLUDES(mu_);

  // Those whose version is not available: with the one that answers until then, 0 if none does.
  Labels Waiting() const EXCLUDES(mu_);

  // Returns a sentence for each label whose version is not available, by model.
  std::map<std::string, std::vector<std::string>> Warnings() const;

 private:
  struct Target {
    int64_t version = 0;
    // Answers as long as `version` is not available.
    absl::optional<int64_t> before;
  };

  bool IsAvailable(const std::string& model, int64_t version) const;

  const Manager* const manager_;
  mutable Mutex mu_;
  std::map<std::string, std::map<std::string, Target>> targets_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_LABEL_TABLE_H_
