#include "cpp_server/lifecycle/sha256.h"

#include "cpp_server/testing/test_directory.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

// The vectors are those of FIPS 180-2, appendix B.
TEST(Sha256OfFileTest, KnownVectors) {
  TestDirectory dir;
  const std::atomic<bool> never{false};
  dir.Write("empty", "");
  dir.Write("abc", "abc");
  dir.Write("million", std::string(1000000, 'a'));
  EXPECT_EQ(*Sha256OfFile(dir.Path("empty"), never),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(*Sha256OfFile(dir.Path("abc"), never), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(*Sha256OfFile(dir.Path("million"), never),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256OfFileTest, LongerThanOneChunk) {
  TestDirectory dir;
  const std::atomic<bool> never{false};
  dir.Write("exact", std::string(size_t{2} << 20, 'x'));
  dir.Write("more", std::string((size_t{2} << 20) + 1, 'x'));
  EXPECT_EQ(*Sha256OfFile(dir.Path("exact"), never),
            "6932fd31e5daf4739b9fa78ff777b2831b0995cc1d0b0093cac80601902013bc");
  EXPECT_EQ(*Sha256OfFile(dir.Path("more"), never), "71ac24a75f6bc57bc51b43b3d13c3009aa243986b77a92102a3097c9e53123e9");
}

TEST(Sha256OfFileTest, SaysWhyItCannot) {
  TestDirectory dir;
  dir.Write("abc", "abc");
  const std::atomic<bool> never{false};
  const std::atomic<bool> stop{true};
  EXPECT_TRUE(absl::IsUnavailable(Sha256OfFile(dir.Path("none"), never).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Sha256OfFile(dir.path(), never).status()));
  EXPECT_TRUE(absl::IsCancelled(Sha256OfFile(dir.Path("abc"), stop).status()));
}

}  // namespace
}  // namespace trilho
