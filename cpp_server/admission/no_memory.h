// The answer to a request for which the system has no memory.

#ifndef TRILHO_CPP_SERVER_ADMISSION_NO_MEMORY_H_
#define TRILHO_CPP_SERVER_ADMISSION_NO_MEMORY_H_

#include <new>

#include "absl/status/status.h"

namespace trilho {

inline absl::Status NoMemoryError() {
  return absl::ResourceExhaustedError("the server has no memory for this request");
}

// Returns what `work` does, a Status or StatusOr, or NoMemoryError if it runs
// out of memory on its way: what it had is freed by then.
template <typename Work>
auto OrNoMemory(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return NoMemoryError();
  }
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ADMISSION_NO_MEMORY_H_
