// The stores that there are.

#ifndef TRILHO_CPP_SERVER_STORAGE_STORES_H_
#define TRILHO_CPP_SERVER_STORAGE_STORES_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// Returns the store that `base` is in, by its scheme: that of local folders for an absolute path. INVALID_ARGUMENT,
// naming the bases that there are stores for, for any other.
absl::StatusOr<std::shared_ptr<const VersionStore>> OpenStore(absl::string_view base);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STORAGE_STORES_H_
