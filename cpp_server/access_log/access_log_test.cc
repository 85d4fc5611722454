#include "cpp_server/access_log/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cpp_server/access_log/log_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

InferenceRecord Record(const std::string& model = "m", absl::Status status = absl::OkStatus()) {
  InferenceRecord record;
  record.model = model;
  record.version = 1;
  record.method = "Predict";
  record.status = std::move(status);
  return record;
}

// The models named in `text`, each of whose lines must be whole and JSON.
std::vector<std::string> Models(const std::string& text) {
  std::vector<std::string> models;
  EXPECT_TRUE(text.empty() || text.back() == '\n');
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    rapidjson::Document parsed;
    parsed.Parse(line.data(), line.size());
    if (parsed.HasParseError()) {
      ADD_FAILURE() << line;
    } else {
      models.push_back(parsed["model"].GetString());
    }
  }
  return models;
}

// The sum of what the operator was told in `text`.
uint64_t LinesLost(absl::string_view text) {
  uint64_t sum = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, "access log: ");
    uint64_t lost = 0;
    EXPECT_TRUE(parts.size() == 2 && absl::ConsumeSuffix(&line, " lines lost")) << line;
    EXPECT_TRUE(absl::SimpleAtoi(line.substr(line.rfind(' ') + 1), &lost)) << line;
    sum += lost;
  }
  return sum;
}

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLog::Options Options() const {
    AccessLog::Options options;
    options.path = directory_.Path("log");
    return options;
  }
  static std::unique_ptr<AccessLog> Open(const AccessLog::Options& options) {
    auto log = AccessLog::Open(options);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  LogDirectory directory_;
};

TEST_F(AccessLogTest, WritesALineForEachInferenceInOrder) {
  const auto log = Open(Options());
  log->OnEnd(Record("a"));
  log->OnEnd(Record("b", absl::InternalError("broken")));
  log->Flush();
  const std::string text = directory_.Read("log");
  EXPECT_THAT(Models(text), ::testing::ElementsAre("a", "b"));
  EXPECT_THAT(text, HasSubstr("\"code\":\"INTERNAL\",\"message\":\"broken\""));
  EXPECT_EQ(log->dropped(), 0u);
}

TEST_F(AccessLogTest, WritesWhatWaitsWhenItEnds) {
  constexpr int kLines = 1000;
  {
    const auto log = Open(Options());
    for (int i = 0; i < kLines; ++i) log->OnEnd(Record());
  }
  EXPECT_EQ(Models(directory_.Read("log")).size(), kLines);
}

TEST_F(AccessLogTest, FlushesAnEmptyLog) {
  const auto log = Open(Options());
  log->Flush();
  EXPECT_EQ(directory_.Read("log"), "");
}

TEST_F(AccessLogTest, ManyThreadsWriteEachLineOnce) {
  constexpr int kThreads = 8, kTimes = 2000;
  AccessLog::Options options = Options();
  options.max_pending_bytes = size_t{64} << 20;
  const auto log = Open(options);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&log, thread] {
      for (int i = 0; i < kTimes; ++i) log->OnEnd(Record(absl::StrCat(thread, "-", i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  log->Flush();
  const std::vector<std::string> models = Models(directory_.Read("log"));
  EXPECT_EQ(models.size(), size_t{kThreads} * kTimes);
  EXPECT_EQ(std::set<std::string>(models.begin(), models.end()).size(), models.size());
  EXPECT_EQ(log->dropped(), 0u);
}

TEST_F(AccessLogTest, SamplesWhatIsWellAndKeepsEveryError) {
  constexpr int kTimes = 10000;
  AccessLog::Options options = Options();
  options.sample = 0.1;
  const auto log = Open(options);
  for (int i = 0; i < kTimes; ++i) log->OnEnd(Record("ok"));
  for (int i = 0; i < 100; ++i) log->OnEnd(Record("failed", absl::UnavailableError("")));
  log->Flush();
  const std::vector<std::string> models = Models(directory_.Read("log"));
  EXPECT_EQ(std::count(models.begin(), models.end(), "failed"), 100);
  // Six standard deviations to each side.
  EXPECT_NEAR(static_cast<double>(std::count(models.begin(), models.end(), "ok")), 0.1 * kTimes, 180);
}

TEST_F(AccessLogTest, ASampleOfNoneLeavesErrors) {
  AccessLog::Options options = Options();
  options.sample = 0;
  const auto log = Open(options);
  for (int i = 0; i < 1000; ++i) log->OnEnd(Record("ok"));
  log->OnEnd(Record("failed", absl::UnavailableError("")));
  log->Flush();
  EXPECT_THAT(Models(directory_.Read("log")), ::testing::ElementsAre("failed"));
}

TEST_F(AccessLogTest, RotatesWithoutLosingALine) {
  constexpr int kLines = 500;
  AccessLog::Options options = Options();
  options.max_file_bytes = 20000;
  options.keep_files = 100;
  const auto log = Open(options);
  for (int i = 0; i < kLines; ++i) log->OnEnd(Record(absl::StrCat(i)));
  log->Flush();
  std::vector<std::string> models;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.Path("."))) {
    EXPECT_LE(std::filesystem::file_size(entry), options.max_file_bytes);
    for (std::string& model : Models(directory_.Read(entry.path().filename()))) models.push_back(std::move(model));
    ++files;
  }
  EXPECT_GT(files, 3);
  EXPECT_EQ(std::set<std::string>(models.begin(), models.end()).size(), kLines);
  EXPECT_EQ(models.size(), kLines);
}

TEST_F(AccessLogTest, ReopensItsFile) {
  const auto log = Open(Options());
  log->OnEnd(Record("before"));
  log->Flush();
  std::filesystem::rename(directory_.Path("log"), directory_.Path("log-yesterday"));
  log->Reopen();
  log->OnEnd(Record("after"));
  log->Flush();
  EXPECT_THAT(Models(directory_.Read("log-yesterday")), ::testing::ElementsAre("before"));
  EXPECT_THAT(Models(directory_.Read("log")), ::testing::ElementsAre("after"));
  // Also where nothing is to be written.
  std::filesystem::remove(directory_.Path("log"));
  log->Reopen();
  log->Flush();
  EXPECT_TRUE(std::filesystem::exists(directory_.Path("log")));
}

// A pipe that nobody reads from stands for a disk that hangs.
TEST_F(AccessLogTest, DropsAndCountsRatherThanKeepARequestWaiting) {
  constexpr int kLines = 5000;
  const std::string path = directory_.Path("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  AccessLog::Options options = Options();
  options.path = path;
  options.max_pending_bytes = 10000;
  ::testing::internal::CaptureStderr();
  auto log = Open(options);
  // Far more than the pipe and both buffers take; it would hang here if it waited.
  for (int i = 0; i < kLines; ++i) log->OnEnd(Record());
  EXPECT_GT(log->dropped(), 0u);

  ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0);
  std::string text;
  std::thread reading([&] {
    std::vector<char> buffer(1 << 16);
    for (ssize_t n; (n = read(reader, buffer.data(), buffer.size())) > 0;) text.append(buffer.data(), n);
  });
  log->Flush();
  const uint64_t dropped = log->dropped();
  log.reset();
  reading.join();
  close(reader);
  EXPECT_EQ(Models(text).size() + dropped, size_t{kLines});
  EXPECT_EQ(LinesLost(::testing::internal::GetCapturedStderr()), dropped);
}

TEST_F(AccessLogTest, WritesToStandardError) {
  ::testing::internal::CaptureStderr();
  AccessLog::Options options;
  options.path = "-";
  Open(options)->OnEnd(Record("m"));
  EXPECT_THAT(Models(::testing::internal::GetCapturedStderr()), ::testing::ElementsAre("m"));
}

TEST_F(AccessLogTest, NamesTheOptionThatIsWrong) {
  AccessLog::Options options = Options();
  options.sample = 1.5;
  EXPECT_THAT(AccessLog::Open(options).status().ToString(),
              ::testing::AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("1.5"), HasSubstr("between 0 and 1")));
  options = Options();
  options.max_pending_bytes = 0;
  EXPECT_EQ(AccessLog::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = Options();
  options.path = directory_.Path("no/log");
  EXPECT_THAT(AccessLog::Open(options).status().ToString(), HasSubstr("access log: cannot open"));
}

}  // namespace
}  // namespace trilho
