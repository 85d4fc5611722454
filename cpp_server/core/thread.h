// Threads whose making may fail, as it does where the system has no more of them.

#ifndef TRILHO_CPP_SERVER_CORE_THREAD_H_
#define TRILHO_CPP_SERVER_CORE_THREAD_H_

#include <functional>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Runs `run` on a new thread, whose name begins with `name`. RESOURCE_EXHAUSTED, with the name and the system's reason,
// if there can be none: the one way to make a thread, since std::thread's own throws, which ends the process.
absl::StatusOr<std::thread> StartThread(absl::string_view name, std::function<void()> run);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_THREAD_H_
