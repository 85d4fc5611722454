// Which of the versions of a model should be served.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_VERSION_CHOICE_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_VERSION_CHOICE_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/core/source.h"
#include "cpp_server/sources/disk/version_directory.h"

namespace trilho {

// ModelConfig.model_version_policy. The default is the latest version.
class ServableVersionPolicy {
 public:
  enum class Kind { kLatest, kAll, kSpecific };

  ServableVersionPolicy() = default;
  // The `num_versions` highest; less than 1 means 1.
  static ServableVersionPolicy Latest(int num_versions);
  static ServableVersionPolicy All();
  static ServableVersionPolicy Specific(std::set<int64_t> versions);

  Kind kind() const { return kind_; }
  // For kLatest.
  int num_versions() const { return num_versions_; }
  // For kSpecific.
  const std::set<int64_t>& versions() const { return versions_; }

 private:
  Kind kind_ = Kind::kLatest;
  int num_versions_ = 1;
  std::set<int64_t> versions_;
};

// Says why a version cannot be served, e.g. because it is incomplete.
using VersionCheck = std::function<absl::Status(const VersionDirectory&)>;

// Chooses from `present`, which is sorted lowest first, those that pass `check`. A version that does not pass never
// takes the place of one that does: the latest two are the latest two that pass. What was looked at and did not pass is
// rejected; versions below the latest ones are not looked at. `check` is called once per version at most. If more than
// kMostRejected folders are, one of them stands for all: nobody reads thousands of reasons.
//
// Latest versions that are `failing` are chosen and take no place, so that as many lower ones are chosen besides, as
// substitutes; kMaxSubstitutes of them at most, as what is wrong with so many is wrong with those below too.
constexpr size_t kMaxSubstitutes = 3;
constexpr size_t kMostRejected = 100;
AspiredVersions ChooseVersions(const std::string& model, const ServableVersionPolicy& policy,
                               const std::vector<VersionDirectory>& present, const VersionCheck& check,
                               const std::set<int64_t>& failing = {});

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_VERSION_CHOICE_H_
