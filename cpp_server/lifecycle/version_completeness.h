// The sign that a version must have before it is loaded.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_VERSION_COMPLETENESS_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_VERSION_COMPLETENESS_H_

namespace trilho {

enum class VersionCompleteness {
  // A manifest.json that holds, or without one a file _SUCCESS or files that have come to rest.
  kStable,
  // A manifest.json that holds.
  kManifest,
  // A file _SUCCESS.
  kSuccessFile,
  // Its folder.
  kNone,
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_VERSION_COMPLETENESS_H_
