#include "cpp_server/admission/request_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cpp_server/advice/words.h"

namespace trilho {
namespace {

// What the first line of `path` says, if it is a number of bytes; "max" is none.
int64_t LimitIn(const std::string& path, int64_t otherwise) {
  std::ifstream file(path);
  std::string line;
  int64_t limit = 0;
  return std::getline(file, line) && absl::SimpleAtoi(line, &limit) && limit > 0 ? limit : otherwise;
}

}  // namespace

RequestMemory::Share& RequestMemory::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  Release();
  memory_ = std::move(other.memory_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

absl::Status RequestMemory::Share::Resize(size_t bytes) {
  if (memory_ == nullptr) return absl::OkStatus();
  const int64_t more = static_cast<int64_t>(bytes) - bytes_;
  int64_t used = memory_->used_.load(std::memory_order_relaxed);
  do {
    if (more <= 0 || used + more <= memory_->bound_) continue;
    return absl::ResourceExhaustedError(
        absl::StrCat("the server is overloaded: ", Counted(used - bytes_, "byte"), " of other requests and the ", bytes,
                     " of this one are more than --max_request_memory_bytes=", memory_->bound_));
  } while (!memory_->used_.compare_exchange_weak(used, used + more, std::memory_order_relaxed));
  bytes_ += more;
  return absl::OkStatus();
}

void RequestMemory::Share::Release() {
  if (memory_ != nullptr) memory_->used_.fetch_sub(std::exchange(bytes_, 0), std::memory_order_relaxed);
}

int64_t UsableMemory(const char* cgroup, const char* groups) {
  int64_t usable = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  // Of cgroup v1 in a container: the group is the root there.
  usable = std::min(usable, LimitIn(absl::StrCat(groups, "/memory/memory.limit_in_bytes"), usable));
  std::ifstream file(cgroup);
  for (std::string line; std::getline(file, line);) {
    absl::string_view path = line;
    // Of cgroup v2, where a group has no more than those around it.
    if (!absl::ConsumePrefix(&path, "0::")) continue;
    for (std::string group(path);; group.resize(group.rfind('/'))) {
      usable = std::min(usable, LimitIn(absl::StrCat(groups, group, "/memory.max"), usable));
      if (group.find('/') == std::string::npos) break;
    }
  }
  return usable;
}

}  // namespace trilho
