// What every fuzz target defines.

#ifndef TRILHO_CPP_SERVER_FUZZ_FUZZ_TARGET_H_
#define TRILHO_CPP_SERVER_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// libFuzzer's entry. Whatever the bytes are, it must return.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace trilho {

// Real requests to begin with.
std::vector<std::string> FuzzSeeds();

// Ends the process, also where assertions are off.
inline void FuzzRequire(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_FUZZ_FUZZ_TARGET_H_
