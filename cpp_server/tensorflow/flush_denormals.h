// The state of the processor in which TensorFlow computes.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_FLUSH_DENORMALS_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_FLUSH_DENORMALS_H_

#include <cstdint>

namespace trilho {

// Has the processor take floats too small for their full precision for zero, as
// input and as result, on this thread and while it lives. TensorFlow does so on
// the threads of its pools; a graph that runs on a thread of ours would else give
// other numbers than on one of those. Has no effect but on x86-64 and AArch64.
class ScopedFlushDenormals {
 public:
  ScopedFlushDenormals();
  ScopedFlushDenormals(const ScopedFlushDenormals&) = delete;
  ScopedFlushDenormals& operator=(const ScopedFlushDenormals&) = delete;
  ~ScopedFlushDenormals();

 private:
  // Those of the flags that were set before.
  const uint64_t before_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_FLUSH_DENORMALS_H_
