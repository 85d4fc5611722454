// The choice that a policy makes among the versions that are there.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_VERSION_CHOICE_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_VERSION_CHOICE_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/core/aspired_versions.h"
#include "cpp_server/lifecycle/version_policy.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

struct ChosenVersion {
  int64_t version = 0;
  // The local folder of its files.
  std::string path;
  // The version's path in its store.
  std::string stored_path;
  // Chosen only because no version that should be served does load.
  bool is_substitute = false;
};

struct VersionChoice {
  std::string model;
  // Highest version first.
  std::vector<ChosenVersion> aspired;
  std::vector<RejectedVersion> rejected;
  // The versions whose failures the choice has taken into account, whether or not anything followed.
  std::set<int64_t> failing = {};
};

// Returns the local folder of a version, or says why the version cannot be served, e.g. because it is incomplete.
using VersionCheck = std::function<absl::StatusOr<std::string>(const StoredVersion&)>;

// Chooses from `present`, which is sorted lowest first, those that pass `check`. A version that does not pass never
// takes the place of one that does: the latest two are the latest two that pass. What was looked at and did not pass is
// rejected; versions below the latest ones are not looked at. `check` is called once per version at most. If more than
// kMostRejected folders are, one of them stands for all: nobody reads thousands of reasons.
//
// Latest versions that are `failing` are chosen and take no place, so that as many lower ones are chosen besides, as
// substitutes; kMaxSubstitutes of them at most, as what is wrong with so many is wrong with those below too.
constexpr size_t kMaxSubstitutes = 3;
constexpr size_t kMostRejected = 100;
VersionChoice ChooseVersions(const std::string& model, const ServableVersionPolicy& policy,
                             const std::vector<StoredVersion>& present, const VersionCheck& check,
                             const std::set<int64_t>& failing = {});

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_VERSION_CHOICE_H_
