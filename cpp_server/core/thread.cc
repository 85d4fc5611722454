#include "cpp_server/core/thread.h"

#include <pthread.h>

#include <exception>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace trilho {
namespace {

// The system's bound, without the end of the string.
constexpr size_t kLongestName = 15;

}  // namespace

absl::StatusOr<std::thread> StartThread(absl::string_view name, std::function<void()> run) {
  const std::string short_name(name.substr(0, kLongestName));
  try {
    std::thread thread(std::move(run));
    // A name that cannot be set is only missed by people.
    pthread_setname_np(thread.native_handle(), short_name.c_str());
    return thread;
  } catch (const std::exception& error) {
    // std::system_error, and std::bad_alloc for what the thread begins with.
    return absl::ResourceExhaustedError(absl::StrCat(
        "no thread can be made for \"", name, "\": ", error.what(),
        "; the limits of the process, of its user and of its control group bound threads and their memory"));
  }
}

}  // namespace trilho
