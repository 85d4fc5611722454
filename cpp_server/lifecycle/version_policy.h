// The policy by which a configuration asks for versions of a model.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_VERSION_POLICY_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_VERSION_POLICY_H_

#include <cstdint>
#include <set>

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
  // The number of kLatest.
  int num_versions() const { return num_versions_; }
  // The versions of kSpecific.
  const std::set<int64_t>& versions() const { return versions_; }

 private:
  Kind kind_ = Kind::kLatest;
  int num_versions_ = 1;
  std::set<int64_t> versions_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_VERSION_POLICY_H_
