#include "cpp_server/access_log/rotating_file.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "cpp_server/access_log/log_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class RotatingFileTest : public ::testing::Test {
 protected:
  RotatingFile Open(uint64_t max_bytes, int keep) {
    auto file = RotatingFile::Open({directory_.Path("log"), max_bytes, keep});
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }
  static void Write(RotatingFile* file, absl::string_view lines) {
    uint64_t lost = 0;
    const absl::Status written = file->Write(lines, &lost);
    EXPECT_TRUE(written.ok()) << written;
    EXPECT_EQ(lost, 0u);
  }

  LogDirectory directory_;
};

TEST_F(RotatingFileTest, AppendsToWhatIsThere) {
  {
    RotatingFile file = Open(0, 0);
    Write(&file, "one\n");
    Write(&file, "two\nthree\n");
  }
  RotatingFile file = Open(0, 0);
  Write(&file, "four\n");
  EXPECT_EQ(directory_.Read("log"), "one\ntwo\nthree\nfour\n");
}

TEST_F(RotatingFileTest, EndsALineThatWasTorn) {
  directory_.Write("log", "one\ntw");
  RotatingFile file = Open(0, 0);
  Write(&file, "three\n");
  EXPECT_EQ(directory_.Read("log"), "one\ntw\nthree\n");
}

TEST_F(RotatingFileTest, RotatesBetweenLinesAndKeepsSoManyFiles) {
  RotatingFile file = Open(8, 2);
  Write(&file, "1aa\n");
  Write(&file, "1bb\n2aa\n2bb\n3aa\n");
  EXPECT_EQ(directory_.Read("log"), "3aa\n");
  EXPECT_EQ(directory_.Read("log.1"), "2aa\n2bb\n");
  EXPECT_EQ(directory_.Read("log.2"), "1aa\n1bb\n");
  Write(&file, "3bb\n4aa\n");
  EXPECT_EQ(directory_.Read("log"), "4aa\n");
  EXPECT_EQ(directory_.Read("log.1"), "3aa\n3bb\n");
  EXPECT_EQ(directory_.Read("log.2"), "2aa\n2bb\n");
  EXPECT_FALSE(std::filesystem::exists(directory_.Path("log.3")));
}

TEST_F(RotatingFileTest, CountsWhatWasThereWhenItWasOpened) {
  directory_.Write("log", "12345\n");
  RotatingFile file = Open(8, 1);
  Write(&file, "67\n");
  EXPECT_EQ(directory_.Read("log.1"), "12345\n");
  EXPECT_EQ(directory_.Read("log"), "67\n");
}

TEST_F(RotatingFileTest, ALineThatIsTooLongHasAFileOfItsOwn) {
  RotatingFile file = Open(4, 2);
  Write(&file, "a\nlonger\nb\n");
  EXPECT_EQ(directory_.Read("log.2"), "a\n");
  EXPECT_EQ(directory_.Read("log.1"), "longer\n");
  EXPECT_EQ(directory_.Read("log"), "b\n");
}

TEST_F(RotatingFileTest, KeepsNoneIfToldSo) {
  RotatingFile file = Open(4, 0);
  Write(&file, "one\ntwo\n");
  EXPECT_EQ(directory_.Read("log"), "two\n");
  EXPECT_FALSE(std::filesystem::exists(directory_.Path("log.1")));
}

TEST_F(RotatingFileTest, ReopensWhatALogRotatorHasRenamed) {
  RotatingFile file = Open(0, 0);
  Write(&file, "one\n");
  std::filesystem::rename(directory_.Path("log"), directory_.Path("log-yesterday"));
  Write(&file, "two\n");
  EXPECT_TRUE(file.Reopen().ok());
  Write(&file, "three\n");
  EXPECT_EQ(directory_.Read("log-yesterday"), "one\ntwo\n");
  EXPECT_EQ(directory_.Read("log"), "three\n");
}

TEST_F(RotatingFileTest, GoesOnWithTheOldFileIfItCannotBeReopened) {
  RotatingFile file = Open(0, 0);
  std::filesystem::rename(directory_.Path("log"), directory_.Path("log.old"));
  std::filesystem::create_directory(directory_.Path("log"));
  EXPECT_THAT(std::string(file.Reopen().message()), HasSubstr(directory_.Path("log")));
  Write(&file, "one\n");
  EXPECT_EQ(directory_.Read("log.old"), "one\n");
}

TEST_F(RotatingFileTest, GoesOnWithTheFullFileIfItCannotBeRenamed) {
  RotatingFile file = Open(4, 1);
  Write(&file, "one\n");
  // Not empty, so that nothing can be renamed to it.
  std::filesystem::create_directories(directory_.Path("log.1/x"));
  uint64_t lost = 0;
  EXPECT_THAT(std::string(file.Write("two\nthree\n", &lost).message()), HasSubstr("cannot rename"));
  EXPECT_EQ(lost, 0u);
  EXPECT_EQ(directory_.Read("log"), "one\ntwo\nthree\n");
}

// A bound on the size of files stands for a disk that becomes full: the write takes a part of what it is given.
TEST_F(RotatingFileTest, LeavesNoPartOfALineOnAFullDisk) {
  rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  RotatingFile file = Open(0, 0);
  Write(&file, "one\n");
  rlimit limit = old_limit;
  limit.rlim_cur = 6;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  uint64_t lost = 0;
  const absl::Status written = file.Write("two\nthree\n", &lost);
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(std::string(written.message()), HasSubstr("cannot write"));
  EXPECT_EQ(lost, 2u);
  EXPECT_EQ(directory_.Read("log"), "one\n");
  Write(&file, "four\n");
  EXPECT_EQ(directory_.Read("log"), "one\nfour\n");
}

TEST_F(RotatingFileTest, NamesWhatCannotBeOpened) {
  EXPECT_EQ(RotatingFile::Open({"", 0, 0}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RotatingFile::Open({directory_.Path("log"), 0, -1}).status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Status missing = RotatingFile::Open({directory_.Path("no/log"), 0, 0}).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr(directory_.Path("no/log")));
}

TEST(RotatingFileStderrTest, DashIsStandardError) {
  ::testing::internal::CaptureStderr();
  {
    auto file = RotatingFile::Open({"-", 4, 1});
    ASSERT_TRUE(file.ok());
    uint64_t lost = 0;
    EXPECT_TRUE(file->Write("one\nlonger\n", &lost).ok());
    EXPECT_TRUE(file->Reopen().ok());
  }
  {
    // It is still open.
    auto file = RotatingFile::Open({"-", 0, 0});
    uint64_t lost = 0;
    EXPECT_TRUE(file->Write("two\n", &lost).ok());
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "one\nlonger\ntwo\n");
  EXPECT_FALSE(std::filesystem::exists("-"));
}

}  // namespace
}  // namespace trilho
