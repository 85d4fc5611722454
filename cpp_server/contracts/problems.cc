#include "cpp_server/contracts/problems.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace trilho {

void Problems::Add(std::string problem) {
  // A message that is both asked and answered with is read twice.
  if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end())
    problems_.push_back(std::move(problem));
}

absl::Status Problems::ToStatus() const {
  if (problems_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(
      problems_, "\n", [this](std::string* out, const std::string& text) { absl::StrAppend(out, file_, ": ", text); }));
}

}  // namespace trilho
