#include "cpp_server/request_log/log_files.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/request_log/log_directory.h"
#include "cpp_server/request_log/log_file_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

using Kind = LogFile::Kind;

class LogFilesTest : public ::testing::Test {
 protected:
  std::unique_ptr<LogFiles> Make() { return std::make_unique<LogFiles>(directory_.Prefix(), options_, &counters_); }

  // A file as a killed process leaves it: open, with these bytes after the record "hello".
  std::string LeavePart(const std::string& bytes) {
    const std::string path = LogFilePath(directory_.Prefix(), absl::FromUnixSeconds(1700000000), 7) + kPartSuffix;
    auto writer = RecordWriter::Create(path);
    EXPECT_TRUE(writer.ok()) << writer.status();
    EXPECT_EQ((*writer)->Append("hello"), absl::OkStatus());
    EXPECT_EQ((*writer)->Close(), absl::OkStatus());
    std::ofstream(path, std::ios::binary | std::ios::app) << bytes;
    return path;
  }

  LogDirectory directory_;
  LogFiles::Options options_;
  RequestLogCounters counters_;
};

TEST(LogFileNameTest, HasTimeInUtcAndFiveDigits) {
  EXPECT_EQ(LogFilePath("/logs/m", absl::FromUnixSeconds(1700000000), 7), "/logs/m-20231114T221320-00007.tfrecord");
  EXPECT_EQ(LogFilePath("/logs/m", absl::FromUnixSeconds(1700000000), 1234567),
            "/logs/m-20231114T221320-34567.tfrecord");
}

TEST(LogFileNameTest, ListsThePrefixAndNoOther) {
  LogDirectory directory;
  directory.Write("m-20231114T221320-00002.tfrecord", "12345");
  directory.Write("m-20231114T221320-00001.tfrecord.part", "");
  directory.Write("m-20231114T221319-00003.tfrecord.damaged", "");
  for (const char* other : {"m", "m.tfrecord", "m-1-20231114T221320-00002.tfrecord",
                            "mm-20231114T221320-00002.tfrecord", "m-20231114T221320-00002.tfrecord.gz",
                            "m-20231114T221320-0000x.tfrecord", "m-20231114-221320-00002.tfrecord"}) {
    directory.Write(other, "");
  }
  const auto listed = ListLogFiles(directory.Prefix());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_THAT(*listed, SizeIs(3));
  EXPECT_EQ((*listed)[0].kind, Kind::kDamaged);
  EXPECT_EQ((*listed)[1].kind, Kind::kPart);
  EXPECT_EQ((*listed)[1].closed_path, directory.Path("m-20231114T221320-00001.tfrecord"));
  EXPECT_EQ((*listed)[2].kind, Kind::kClosed);
  EXPECT_EQ((*listed)[2].bytes, 5);
  EXPECT_EQ(ListLogFiles(directory.Path("nowhere/m")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LogFilesTest, AreRenamedWhenClosed) {
  auto files = Make();
  files->Append("a");
  files->Append("b");
  EXPECT_THAT(directory_.Files(Kind::kPart), SizeIs(1));
  EXPECT_THAT(directory_.Files(Kind::kClosed), IsEmpty());
  EXPECT_EQ(counters_.logged, 0);
  files->Flush();
  EXPECT_EQ(counters_.logged, 2);
  EXPECT_EQ(counters_.bytes, 34);
  files->Append("c");
  files->Close();
  EXPECT_THAT(directory_.Files(Kind::kPart), IsEmpty());
  EXPECT_THAT(directory_.Records(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(directory_.Files(Kind::kClosed).at(0).path, MatchesRegex(".*/m-[0-9]{8}T[0-9]{6}-[0-9]{5}\\.tfrecord"));
  EXPECT_EQ(counters_.logged, 3);
  EXPECT_EQ(counters_.bytes, 51);
}

TEST_F(LogFilesTest, AreNotMadeForNothing) {
  auto files = Make();
  files->Flush();
  files->Close();
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(LogFilesTest, AreClosedByTheDestructor) {
  Make()->Append("a");
  EXPECT_THAT(directory_.Records(), ElementsAre("a"));
  EXPECT_EQ(counters_.logged, 1);
}

TEST_F(LogFilesTest, AreNoLongerThanAllowedUnlessForOneRecord) {
  options_.max_file_bytes = 60;
  auto files = Make();
  for (const auto& record :
       {std::string(10, 'a'), std::string(14, 'b'), std::string(1, 'c'), std::string(200, 'd'), std::string(1, 'e')}) {
    files->Append(record);
  }
  files->Close();
  std::vector<int64_t> sizes;
  for (const LogFile& file : directory_.Files(Kind::kClosed)) sizes.push_back(file.bytes);
  EXPECT_THAT(sizes, ElementsAre(56, 17, 216, 17));
  EXPECT_THAT(directory_.Records(), SizeIs(5));
  EXPECT_EQ(counters_.logged, 5);
}

TEST_F(LogFilesTest, HaveNoMoreRecordsThanAllowed) {
  options_.max_file_records = 2;
  auto files = Make();
  for (int i = 0; i < 5; ++i) files->Append(absl::StrCat(i));
  files->Close();
  EXPECT_THAT(directory_.Files(Kind::kClosed), SizeIs(3));
  EXPECT_THAT(directory_.Records(), ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(LogFilesTest, TheOldestAreDeletedForNewOnes) {
  options_.max_file_bytes = 100;
  options_.max_total_bytes = 350;
  auto files = Make();
  for (int i = 0; i < 20; ++i) {
    files->Append(absl::StrCat(100 + i, std::string(81, 'x')));
    files->Flush();
    int64_t total = 0;
    for (Kind kind : {Kind::kClosed, Kind::kPart}) {
      for (const LogFile& file : directory_.Files(kind)) total += file.bytes;
    }
    EXPECT_LE(total, 350);
  }
  files->Close();
  const auto records = directory_.Records();
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[0].substr(0, 3), "117");
  EXPECT_EQ(records[2].substr(0, 3), "119");
  EXPECT_EQ(counters_.logged, 20);
}

TEST_F(LogFilesTest, OfOtherPrefixesAreLeftAlone) {
  options_.max_file_bytes = 100;
  options_.max_total_bytes = 100;
  directory_.Write("m-1-20231114T221320-00001.tfrecord", std::string(1000, 'x'));
  directory_.Write("m-20231114T221320-00001.tfrecord", std::string(1000, 'x'));
  Make()->Append("a");
  EXPECT_THAT(directory_.Records(), ElementsAre("a"));
  EXPECT_THAT(directory_.Files(Kind::kClosed, "m-1"), SizeIs(1));
}

TEST_F(LogFilesTest, ARecordLongerThanAllFilesIsDropped) {
  options_.max_file_bytes = 100;
  options_.max_total_bytes = 100;
  auto files = Make();
  files->Append("a");
  files->Append(std::string(200, 'x'));
  files->Append("b");
  files->Close();
  EXPECT_THAT(directory_.Records(), ElementsAre("a", "b"));
  EXPECT_EQ(counters_.dropped, 1);
}

TEST_F(LogFilesTest, OfTwoProcessesDoNotMeet) {
  auto one = Make();
  auto other = Make();
  one->Append("1");
  other->Append("2");
  EXPECT_THAT(directory_.Files(Kind::kPart), SizeIs(2));
  one->Flush();
  other->Flush();
  // A file in use is not taken for one left open.
  Make()->RecoverLeftFiles();
  EXPECT_THAT(directory_.Files(Kind::kPart), SizeIs(2));
  one->Close();
  other->Close();
  EXPECT_THAT(directory_.Records(), testing::UnorderedElementsAre("1", "2"));
}

TEST_F(LogFilesTest, LeftOpenAreClosedWithTheirWholeRecords) {
  const std::string path = LeavePart(std::string("\x05\0\0\0\0\0\0\0\xea\xb2", 10));
  Make()->RecoverLeftFiles();
  EXPECT_THAT(directory_.Files(Kind::kPart), IsEmpty());
  EXPECT_THAT(directory_.Records(), ElementsAre("hello"));
  EXPECT_EQ(directory_.Files(Kind::kClosed).at(0).path + kPartSuffix, path);
}

TEST_F(LogFilesTest, LeftOpenWithoutAWholeRecordAreRemoved) {
  std::filesystem::resize_file(LeavePart(""), 20);
  Make()->RecoverLeftFiles();
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(LogFilesTest, LeftOpenWithAWrongRecordAreKeptAsTheyAre) {
  const std::string path = LeavePart("this is no record, and is longer than a header");
  const auto size = std::filesystem::file_size(path);
  Make()->RecoverLeftFiles();
  EXPECT_THAT(directory_.Files(Kind::kPart), IsEmpty());
  EXPECT_THAT(directory_.Files(Kind::kClosed), IsEmpty());
  ASSERT_THAT(directory_.Files(Kind::kDamaged), SizeIs(1));
  EXPECT_EQ(directory_.Files(Kind::kDamaged)[0].bytes, static_cast<int64_t>(size));
}

TEST_F(LogFilesTest, AFolderThatIsGoneDropsRecordsUntilItIsBack) {
  directory_.MakeFolder("logs");
  options_.retry_wait = std::chrono::milliseconds(0);
  LogFiles files(directory_.Path("logs/m"), options_, &counters_);
  directory_.Remove("logs");
  files.Append("a");
  files.Append("b");
  EXPECT_EQ(counters_.dropped, 2);
  directory_.MakeFolder("logs");
  files.Append("c");
  files.Close();
  EXPECT_THAT(directory_.Records("logs/m"), ElementsAre("c"));
  EXPECT_EQ(counters_.dropped, 2);
  EXPECT_EQ(counters_.logged, 1);
}

TEST_F(LogFilesTest, ADiskThatFailedIsNotTriedAtOnce) {
  directory_.MakeFolder("logs");
  options_.retry_wait = std::chrono::hours(1);
  LogFiles files(directory_.Path("logs/m"), options_, &counters_);
  directory_.Remove("logs");
  files.Append("a");
  directory_.MakeFolder("logs");
  files.Append("b");
  EXPECT_EQ(counters_.dropped, 2);
}

TEST_F(LogFilesTest, WhatAFullDiskTookInIsKeptAndTheRestCounted) {
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {100, before.rlim_max};
  options_.retry_wait = std::chrono::milliseconds(0);
  auto files = Make();
  files->Append("flushed");
  files->Flush();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  files->Append("whole");
  files->Append(std::string(200, 'x'));
  files->Flush();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_THAT(directory_.Records(), ElementsAre("flushed", "whole"));
  EXPECT_EQ(counters_.logged, 2);
  EXPECT_EQ(counters_.bytes, 23 + 21);
  EXPECT_EQ(counters_.dropped, 1);
  files->Append("after");
  files->Close();
  EXPECT_THAT(directory_.Records(), ElementsAre("flushed", "whole", "after"));
}

}  // namespace
}  // namespace trilho
