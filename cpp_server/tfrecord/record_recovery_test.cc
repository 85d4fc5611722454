#include "cpp_server/tfrecord/record_recovery.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "cpp_server/testing/test_directory.h"
#include "cpp_server/tfrecord/record_reader.h"
#include "cpp_server/tfrecord/record_writer.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

constexpr int64_t kFirst = 16 + 5;
constexpr int64_t kBoth = kFirst + 16 + 6;

class RecordRecoveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto writer = RecordWriter::Create(path_);
    ASSERT_TRUE(writer.ok());
    ASSERT_EQ((*writer)->Append("hello"), absl::OkStatus());
    ASSERT_EQ((*writer)->Append("world!"), absl::OkStatus());
    ASSERT_EQ((*writer)->Close(), absl::OkStatus());
  }

  const TestDirectory directory_;
  const std::string path_ = directory_.Path("records");
};

TEST_F(RecordRecoveryTest, LeavesAWholeFileAsItIs) {
  const auto recovered = RecoverRecordFile(path_);
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ(recovered->records, 2);
  EXPECT_EQ(recovered->bytes, kBoth);
  EXPECT_EQ(recovered->bytes_cut, 0);
}

TEST_F(RecordRecoveryTest, CutsAnUnfinishedRecordOff) {
  for (int64_t size = 0; size < kBoth; ++size) {
    std::filesystem::remove(path_);
    SetUp();
    std::filesystem::resize_file(path_, static_cast<uintmax_t>(size));
    const auto recovered = RecoverRecordFile(path_);
    ASSERT_TRUE(recovered.ok()) << recovered.status();
    const int64_t whole = size >= kFirst ? kFirst : 0;
    EXPECT_EQ(recovered->records, size >= kFirst ? 1 : 0) << size;
    EXPECT_EQ(recovered->bytes, whole);
    EXPECT_EQ(recovered->bytes_cut, size - whole);
    EXPECT_EQ(std::filesystem::file_size(path_), static_cast<uintmax_t>(whole));
  }
}

TEST_F(RecordRecoveryTest, LeavesADamagedFileAsItIs) {
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(13);
    file.put('X');
  }
  EXPECT_EQ(RecoverRecordFile(path_).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(std::filesystem::file_size(path_), static_cast<uintmax_t>(kBoth));
}

TEST_F(RecordRecoveryTest, KeepsAwayFromAFileThatIsBeingWritten) {
  const std::string path = directory_.Path("open");
  auto writer = RecordWriter::Create(path);
  ASSERT_TRUE(writer.ok());
  ASSERT_EQ((*writer)->Append("x"), absl::OkStatus());
  EXPECT_EQ(RecoverRecordFile(path).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_EQ((*writer)->Close(), absl::OkStatus());
  const auto recovered = RecoverRecordFile(path);
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ(recovered->records, 1);
}

TEST_F(RecordRecoveryTest, OfNothingIsNotFound) {
  EXPECT_EQ(RecoverRecordFile(directory_.Path("nothing")).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace trilho
