#include "cpp_server/tensorflow/flush_denormals.h"

#include "gtest/gtest.h"

namespace trilho {
namespace {

// Not known to the compiler, which would compute without the processor's flags.
volatile float tiny = 1e-39F;
volatile float small = 1e-30F;

#if defined(__x86_64__) || defined(__aarch64__)

TEST(FlushDenormalsTest, WhatIsTooSmallIsZeroWhileOneLives) {
  EXPECT_GT(tiny * 64, 0);
  EXPECT_GT(small * 1e-10F, 0);
  {
    const ScopedFlushDenormals flush;
    EXPECT_EQ(tiny * 64, 0) << "as input";
    EXPECT_EQ(small * 1e-10F, 0) << "as result";
    EXPECT_GT(small * 1e-5F, 0);
    {
      const ScopedFlushDenormals again;
      EXPECT_EQ(tiny * 64, 0);
    }
    EXPECT_EQ(tiny * 64, 0) << "as long as the first one lives";
  }
  EXPECT_GT(tiny * 64, 0);
  EXPECT_GT(small * 1e-10F, 0);
}

#endif

TEST(FlushDenormalsTest, LeavesOtherFloatsAlone) {
  const ScopedFlushDenormals flush;
  EXPECT_EQ(small * 2, 2e-30F);
}

}  // namespace
}  // namespace trilho
