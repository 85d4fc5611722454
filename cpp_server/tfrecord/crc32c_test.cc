#include "cpp_server/tfrecord/crc32c.h"

#include <string>

#include "cpp_server/tfrecord/record_header.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

std::string Counting(int first, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(first + i * step));
  return bytes;
}

TEST(Crc32cTest, IsThatOfRfc3720) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(Counting(0, 1)), 0x46dd794eu);
  EXPECT_EQ(Crc32c(Counting(31, -1)), 0x113fdb5cu);
}

TEST(Crc32cTest, IsTheSameWithoutTheInstructionForEveryLengthAndAlignment) {
  EXPECT_EQ(PortableCrc32c("123456789"), 0xe3069283u);
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes.push_back(static_cast<char>(i * 37 + (i >> 3)));
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t size = 0; begin + size <= bytes.size(); ++size) {
      const absl::string_view part = absl::string_view(bytes).substr(begin, size);
      ASSERT_EQ(PortableCrc32c(part), Crc32c(part)) << begin << " " << size;
    }
  }
}

TEST(Crc32cTest, MaskedIsAsTensorFlowWritesIt) {
  const std::string length("\x05\0\0\0\0\0\0\0", 8);
  char bytes[4];
  StoreLittleEndian(MaskedCrc32c(length), bytes);
  EXPECT_EQ(std::string(bytes, 4), "\xea\xb2\x04\x3e");
  StoreLittleEndian(MaskedCrc32c("hello"), bytes);
  EXPECT_EQ(std::string(bytes, 4), "\xbb\x1f\x1c\x19");
}

TEST(LittleEndianTest, ReadsWhatItWrote) {
  char bytes[8];
  StoreLittleEndian(uint64_t{0xfedcba9876543210}, bytes);
  EXPECT_EQ(bytes[0], '\x10');
  EXPECT_EQ(LoadLittleEndian<uint64_t>(bytes), 0xfedcba9876543210u);
  EXPECT_EQ(LoadLittleEndian<uint32_t>(bytes), 0x76543210u);
}

}  // namespace
}  // namespace trilho
