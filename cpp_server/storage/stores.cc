#include "cpp_server/storage/stores.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/storage/local/local_store.h"

namespace trilho {
namespace {

struct Driver {
  // Begins every base that is in the store, such as "s3://".
  const char* prefix;
  std::shared_ptr<const VersionStore> (*open)();
};

constexpr Driver kDrivers[] = {
    {"/", [] { return std::shared_ptr<const VersionStore>(std::make_shared<LocalStore>()); }},
};

}  // namespace

absl::StatusOr<std::shared_ptr<const VersionStore>> OpenStore(absl::string_view base) {
  std::vector<std::string> known;
  for (const Driver& driver : kDrivers) {
    if (absl::StartsWith(base, driver.prefix)) return driver.open();
    known.push_back(absl::StrCat(driver.prefix, "..."));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no store for ", base, "; there are stores for: ", absl::StrJoin(known, ", ")));
}

}  // namespace trilho
