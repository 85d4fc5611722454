#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "cpp_server/testing/test_directory.h"
#include "cpp_server/tfrecord/crc32c.h"
#include "cpp_server/tfrecord/record_header.h"
#include "cpp_server/tfrecord/record_reader.h"
#include "cpp_server/tfrecord/record_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class RecordFileTest : public ::testing::Test {
 protected:
  std::string ReadFile() const {
    std::ostringstream content;
    content << std::ifstream(path_, std::ios::binary).rdbuf();
    return content.str();
  }

  void WriteRecords(const std::vector<std::string>& records) {
    auto writer = RecordWriter::Create(path_);
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const std::string& record : records) ASSERT_EQ((*writer)->Append(record), absl::OkStatus());
    ASSERT_EQ((*writer)->Close(), absl::OkStatus());
  }

  // The records up to the end or the first error, which goes to `status`.
  std::vector<std::string> ReadRecords(absl::Status* status, int64_t max_record_bytes = 1 << 30) const {
    RecordReader::Options options;
    options.max_record_bytes = max_record_bytes;
    auto reader = RecordReader::Open(path_, options);
    *status = reader.status();
    std::vector<std::string> records;
    std::string record;
    while (status->ok()) {
      const auto more = (*reader)->Read(&record);
      *status = more.status();
      if (!more.ok() || !*more) break;
      records.push_back(record);
    }
    return records;
  }

  const TestDirectory directory_;
  const std::string path_ = directory_.Path("records");
};

TEST_F(RecordFileTest, IsByteForByteWhatTensorFlowWrites) {
  WriteRecords({"hello", ""});
  EXPECT_EQ(absl::BytesToHexString(ReadFile()),
            "0500000000000000eab2043e68656c6c6fbb1f1c19000000000000000029039807d8ea82a2");
}

TEST_F(RecordFileTest, HoldsRecordsOfAnySize) {
  std::vector<std::string> records;
  for (size_t size : {0, 1, 7, 65519, 65520, 65521, 65535, 65536, 65537, 3000000, 5, 0}) {
    records.push_back(std::string(size, static_cast<char>('a' + records.size())));
  }
  WriteRecords(records);
  absl::Status status;
  EXPECT_EQ(ReadRecords(&status), records);
  EXPECT_EQ(status, absl::OkStatus());
}

TEST_F(RecordFileTest, WithoutRecordsIsAnEmptyFile) {
  WriteRecords({});
  EXPECT_EQ(ReadFile(), "");
  absl::Status status;
  EXPECT_TRUE(ReadRecords(&status).empty());
  EXPECT_EQ(status, absl::OkStatus());
}

TEST_F(RecordFileTest, FlushedRecordsAreInTheFile) {
  auto writer = RecordWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_EQ((*writer)->Append("hello"), absl::OkStatus());
  EXPECT_EQ(ReadFile(), "");
  ASSERT_EQ((*writer)->Flush(), absl::OkStatus());
  EXPECT_EQ((*writer)->size(), 21);
  EXPECT_EQ(RecordWriter::SizeInFile(5), 21);
  EXPECT_EQ(ReadFile().size(), 21u);
}

TEST_F(RecordFileTest, IsNeverOverwritten) {
  WriteRecords({"hello"});
  const auto again = RecordWriter::Create(path_);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(again.status().message(), HasSubstr(path_));
  EXPECT_EQ(ReadFile().size(), 21u);
}

TEST_F(RecordFileTest, CannotBeCreatedWhereThereIsNoFolder) {
  const auto writer = RecordWriter::Create(directory_.Path("nowhere/records"));
  EXPECT_EQ(writer.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RecordFileTest, NothingIsWrittenOnceItIsClosed) {
  auto writer = RecordWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_EQ((*writer)->Close(), absl::OkStatus());
  EXPECT_EQ((*writer)->Append("x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ((*writer)->Flush().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ((*writer)->Close().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RecordFileTest, AFullDiskIsAnErrorThatStays) {
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {100, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);

  auto writer = RecordWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ((*writer)->Append(std::string(200, 'x')), absl::OkStatus());
  const absl::Status flushed = (*writer)->Flush();
  const absl::Status appended = (*writer)->Append("y");
  const absl::Status closed = (*writer)->Close();

  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(flushed.ok());
  EXPECT_THAT(flushed.message(), HasSubstr(path_));
  EXPECT_EQ(appended, flushed);
  EXPECT_EQ(closed, flushed);
}

TEST_F(RecordFileTest, NotThereIsNotFound) {
  absl::Status status;
  ReadRecords(&status);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr(path_));
}

TEST_F(RecordFileTest, AFolderIsNoFile) {
  std::filesystem::create_directory(path_);
  absl::Status status;
  ReadRecords(&status);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr(", not a plain file"));
}

TEST_F(RecordFileTest, CutAnywhereIsTruncated) {
  WriteRecords({"hello", "world!"});
  const std::string whole = ReadFile();
  for (size_t size = 1; size < whole.size(); ++size) {
    std::filesystem::resize_file(path_, size);
    absl::Status status;
    const size_t records = ReadRecords(&status).size();
    EXPECT_EQ(records, size < 21 ? 0u : 1u) << size;
    if (size == 21) {
      EXPECT_EQ(status, absl::OkStatus());
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
      EXPECT_THAT(status.message(), HasSubstr(size < 21 ? "truncated record at 0 of " : "truncated record at 21 of "));
    }
    std::ofstream(path_, std::ios::binary) << whole;
  }
}

TEST_F(RecordFileTest, AnyWrongBitIsFound) {
  WriteRecords({"hello", "world!"});
  const std::string whole = ReadFile();
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string wrong = whole;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
    std::ofstream(path_, std::ios::binary) << wrong;
    absl::Status status;
    EXPECT_EQ(ReadRecords(&status).size(), bit < 8 * 21 ? 0u : 1u) << bit;
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << bit;
    EXPECT_THAT(status.message(), HasSubstr("corrupted record at ")) << bit;
  }
}

TEST_F(RecordFileTest, SaysWhereItIsCorrupted) {
  WriteRecords({"hello", "world!"});
  std::string wrong = ReadFile();
  wrong[21] ^= 1;
  std::ofstream(path_, std::ios::binary) << wrong;
  absl::Status status;
  ReadRecords(&status);
  EXPECT_THAT(status.message(), HasSubstr("corrupted record at 21 (Is this even a TFRecord file?)"));
  wrong[21] ^= 1;
  wrong[33] ^= 1;
  std::ofstream(path_, std::ios::binary) << wrong;
  ReadRecords(&status);
  EXPECT_THAT(status.message(), HasSubstr("corrupted record at 33 of "));
}

TEST_F(RecordFileTest, ALengthThatTheFileCannotHoldTakesNoMemory) {
  std::string header(kRecordHeaderSize, '\0');
  StoreLittleEndian(uint64_t{1} << 50, &header[0]);
  StoreLittleEndian(MaskedCrc32c(header.substr(0, kRecordLengthSize)), &header[kRecordLengthSize]);
  for (uint64_t max : {uint64_t{1} << 40, uint64_t{1} << 60}) {
    std::ofstream(path_, std::ios::binary) << header << std::string(1000, 'x');
    absl::Status status;
    ReadRecords(&status, static_cast<int64_t>(max));
    EXPECT_EQ(status.code(),
              max < uint64_t{1} << 50 ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kDataLoss);
  }
}

TEST_F(RecordFileTest, RecordsMayHaveMaxRecordBytesAndNoMore) {
  WriteRecords({"hello", "world!"});
  absl::Status status;
  EXPECT_EQ(ReadRecords(&status, 6).size(), 2u);
  EXPECT_EQ(ReadRecords(&status, 5).size(), 1u);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("the record at 21 of "));
  EXPECT_THAT(status.message(), HasSubstr("has 6 bytes, more than max_record_bytes (5)"));
  EXPECT_TRUE(ReadRecords(&status, 0).empty());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RecordFileTest, AnErrorStays) {
  WriteRecords({"hello"});
  std::filesystem::resize_file(path_, 20);
  auto reader = RecordReader::Open(path_);
  ASSERT_TRUE(reader.ok());
  std::string record;
  const auto first = (*reader)->Read(&record);
  EXPECT_FALSE(first.ok());
  EXPECT_EQ((*reader)->Read(&record).status(), first.status());
  EXPECT_EQ((*reader)->offset(), 0);
  EXPECT_TRUE((*reader)->truncated());
}

}  // namespace
}  // namespace trilho
