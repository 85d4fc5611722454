#include "cpp_server/tensorflow/flush_denormals.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace trilho {
namespace {

#if defined(__x86_64__)

// "Flush to zero", of results, and "denormals are zero", of inputs, in the register MXCSR.
constexpr uint64_t kFlags = 0x8000 | 0x0040;

uint64_t ReadControl() { return _mm_getcsr(); }
void WriteControl(uint64_t control) { _mm_setcsr(static_cast<unsigned>(control)); }

#elif defined(__aarch64__)

// "Flush to zero", of inputs and results, in the register FPCR.
constexpr uint64_t kFlags = uint64_t{1} << 24;

uint64_t ReadControl() {
  uint64_t control = 0;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  return control;
}
void WriteControl(uint64_t control) { asm volatile("msr fpcr, %0" : : "r"(control)); }

#else

constexpr uint64_t kFlags = 0;

uint64_t ReadControl() { return 0; }
void WriteControl(uint64_t /*control*/) {}

#endif

}  // namespace

ScopedFlushDenormals::ScopedFlushDenormals() : before_(ReadControl() & kFlags) { WriteControl(ReadControl() | kFlags); }

// The register holds what happened meanwhile, too, which stays.
ScopedFlushDenormals::~ScopedFlushDenormals() { WriteControl((ReadControl() & ~kFlags) | before_); }

}  // namespace trilho
