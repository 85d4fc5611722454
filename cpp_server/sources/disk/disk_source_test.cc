#include "cpp_server/sources/disk/disk_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/sources/disk/test_directory.h"
#include "cpp_server/testing/no_more_threads.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

// The latest call for the model under test; a callback that a test waits for.
class Latest {
 public:
  Source::AspiredVersionsCallback Callback() {
    return [this](const AspiredVersions& versions) {
      MutexLock lock(&mu_);
      ++calls_;
      versions_ = versions.aspired.empty() ? 0 : versions.aspired[0].version;
      cv_.NotifyAll();
    };
  }
  // 0 stands for a call with no version. False after a minute.
  bool Await(int64_t version) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    MutexLock lock(&mu_);
    while (versions_ != version) {
      if (!cv_.WaitUntil(&mu_, deadline)) return false;
    }
    return true;
  }
  int calls() {
    MutexLock lock(&mu_);
    return calls_;
  }

 private:
  Mutex mu_;
  CondVar cv_;
  int64_t versions_ GUARDED_BY(mu_) = -1;
  int calls_ GUARDED_BY(mu_) = 0;
};

class DiskSourceTest : public ::testing::Test {
 protected:
  DiskSourceTest() { options_.models = {{"m", dir_.Path("m"), ServableVersionPolicy()}}; }
  void Publish(const std::string& folder) {
    dir_.Publish(folder + "-partial", {{"saved_model.pb", "graph"}});
    std::filesystem::rename(dir_.Path(folder + "-partial"), dir_.Path(folder));
  }

  TestDirectory dir_;
  Latest latest_;
  DiskSource::Options options_;
};

TEST_F(DiskSourceTest, SeesWhatIsPublished) {
  options_.poll_wait = std::chrono::milliseconds(1);
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  Publish("m/1");
  EXPECT_TRUE(latest_.Await(1));
  Publish("m/2");
  EXPECT_TRUE(latest_.Await(2));
}

TEST_F(DiskSourceTest, LooksAtNewModelsAtOnce) {
  Publish("m/1");
  Publish("n/7");
  options_.poll_wait = std::chrono::hours(1);
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  ASSERT_TRUE(latest_.Await(1));
  EXPECT_EQ(source.SetModels({{"m", dir_.Path("n"), ServableVersionPolicy()}}), absl::OkStatus());
  EXPECT_TRUE(latest_.Await(7));
  EXPECT_EQ(source.SetModels({}), absl::OkStatus());
  EXPECT_TRUE(latest_.Await(0));
}

TEST_F(DiskSourceTest, AModelThatIsTakenOutIsNotWatchedAnyMore) {
  Publish("m/1");
  Publish("n/7");
  std::vector<std::string> calls;
  Mutex mu;
  options_.poll_wait = std::chrono::hours(1);
  DiskSource source(options_);
  const absl::Status started = source.Start([&](const AspiredVersions& versions) {
    MutexLock lock(&mu);
    calls.push_back(absl::StrCat(versions.model, versions.is_watched ? " watched " : " left ", versions.generation));
    latest_.Callback()(versions);
  });
  ASSERT_EQ(started, absl::OkStatus());
  ASSERT_TRUE(latest_.Await(1));
  EXPECT_EQ(source.SetModels({{"n", dir_.Path("n"), ServableVersionPolicy()}}, 5), absl::OkStatus());
  {
    MutexLock lock(&mu);
    EXPECT_EQ(calls[1], "m left 5") << "before SetModels has returned";
  }
  ASSERT_TRUE(latest_.Await(7));
  EXPECT_EQ(source.SetModels(options_.models, 6), absl::OkStatus());
  ASSERT_TRUE(latest_.Await(1));
  MutexLock lock(&mu);
  EXPECT_EQ(calls[2], "n watched 5");
  EXPECT_EQ(calls.back(), "m watched 6");
}

TEST_F(DiskSourceTest, LooksAgainAtOnceAndTellsWhatItSees) {
  Publish("m/1");
  options_.poll_wait = std::chrono::hours(1);
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  ASSERT_TRUE(latest_.Await(1));
  Publish("m/2");
  source.LookAgain("unknown");
  EXPECT_EQ(latest_.calls(), 1);
  source.LookAgain("m");
  ASSERT_TRUE(latest_.Await(2));
  const int calls = latest_.calls();
  // Nothing has changed, and is told all the same.
  source.LookAgain("m");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (latest_.calls() == calls && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GT(latest_.calls(), calls);
}

TEST_F(DiskSourceTest, LooksAtOnceWhenTheHealthHasChangedAndOnlyThen) {
  options_.poll_wait = std::chrono::hours(1);
  std::atomic<bool> fails{false};
  std::atomic<int> asked{0};
  options_.health = [&](const std::string&) {
    ++asked;
    return ModelHealth{fails ? std::set<int64_t>{1} : std::set<int64_t>(), false};
  };
  Publish("m/1");
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  ASSERT_TRUE(latest_.Await(1));
  Publish("m/2");
  source.CheckHealth("other");
  source.CheckHealth("m");
  while (asked < 2) std::this_thread::yield();
  fails = true;
  source.CheckHealth("m");
  EXPECT_TRUE(latest_.Await(2));
  EXPECT_EQ(asked, 4) << "by two looks and by what was before each second one";
}

TEST_F(DiskSourceTest, WithoutPollsAChangeOfHealthBringsNothingNew) {
  options_.poll_wait = std::chrono::milliseconds(0);
  std::atomic<bool> fails{false};
  options_.health = [&](const std::string&) {
    return ModelHealth{fails ? std::set<int64_t>{2} : std::set<int64_t>(), false};
  };
  Publish("m/1");
  Publish("m/2");
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  ASSERT_TRUE(latest_.Await(2));
  Publish("m/3");
  fails = true;
  source.CheckHealth("m");
  while (latest_.calls() < 2) std::this_thread::yield();
  EXPECT_TRUE(latest_.Await(2)) << "with version 1 in its place";
  EXPECT_EQ(source.SetModels(options_.models, 1), absl::OkStatus());
  EXPECT_TRUE(latest_.Await(3)) << "which is a first look";
}

// A named pipe that nobody writes to: whoever opens it to read waits.
TEST_F(DiskSourceTest, ADiskThatHangsHoldsUpItsOwnModelOnly) {
  Publish("m/1");
  dir_.MakeFolder("slow/1");
  const std::string pipe = dir_.Path("slow/1/manifest.json");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  options_.poll_wait = std::chrono::milliseconds(1);
  options_.models.insert(options_.models.begin(), ModelLocation{"slow", dir_.Path("slow"), ServableVersionPolicy()});
  bool slow_left = false;
  {
    DiskSource source(options_);
    const absl::Status started = source.Start([&](const AspiredVersions& versions) {
      if (versions.model == "slow") {
        slow_left = !versions.is_watched;
      } else {
        latest_.Callback()(versions);
      }
    });
    ASSERT_EQ(started, absl::OkStatus());
    ASSERT_TRUE(latest_.Await(1));
    Publish("m/2");
    ASSERT_TRUE(latest_.Await(2));
    EXPECT_EQ(source.SetModels({options_.models[1]}), absl::OkStatus());
    EXPECT_TRUE(slow_left) << "nobody waits for its disk";
    // The disk comes back.
    const int writer = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK);
    ASSERT_GE(writer, 0);
    ::unlink(pipe.c_str());
    ::close(writer);
  }
}

TEST_F(DiskSourceTest, EndsAtOnceWhileItWaits) {
  Publish("m/1");
  options_.poll_wait = std::chrono::hours(1);
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  ASSERT_TRUE(latest_.Await(1));
}

TEST_F(DiskSourceTest, PollsOnceUntilWhatIsBeingWrittenIsThere) {
  dir_.Write("m/1/saved_model.pb", "graph");
  options_.poll_wait = std::chrono::milliseconds(0);
  options_.settle_time = std::chrono::milliseconds(100);
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  EXPECT_TRUE(latest_.Await(1));
}

TEST_F(DiskSourceTest, NeverPollsWithANegativeWait) {
  Publish("m/1");
  options_.poll_wait = std::chrono::milliseconds(-1);
  {
    DiskSource source(options_);
    ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
    EXPECT_EQ(source.SetModels(options_.models), absl::OkStatus());
  }
  EXPECT_EQ(latest_.calls(), 0);
}

TEST_F(DiskSourceTest, ReportsAModelThatCannotBeListed) {
  std::atomic<int> errors{0};
  options_.poll_wait = std::chrono::milliseconds(1);
  options_.on_error = [&errors](const std::string& model, const absl::Status& error, uint64_t) {
    EXPECT_EQ(model, "m");
    EXPECT_EQ(absl::IsNotFound(error), errors++ == 0) << error;
  };
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  while (errors == 0) std::this_thread::yield();
  Publish("m/1");
  EXPECT_TRUE(latest_.Await(1));
  EXPECT_EQ(errors, 2);
}

TEST_F(DiskSourceTest, TellsOfEveryModelAnewWhenTheyAreSet) {
  Publish("m/1");
  std::atomic<int> errors{0};
  options_.poll_wait = std::chrono::hours(1);
  options_.models.push_back(ModelLocation{"missing", dir_.Path("missing"), ServableVersionPolicy()});
  options_.on_error = [&errors](const std::string& model, const absl::Status& error, uint64_t) {
    EXPECT_EQ(model, "missing");
    EXPECT_TRUE(absl::IsNotFound(error)) << error;
    ++errors;
  };
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  ASSERT_TRUE(latest_.Await(1));
  while (errors < 1) std::this_thread::yield();
  const int calls = latest_.calls();
  EXPECT_EQ(source.SetModels(options_.models), absl::OkStatus());
  while (errors < 2 || latest_.calls() == calls) std::this_thread::yield();
}

TEST_F(DiskSourceTest, MayEndWithoutAStart) { DiskSource source(options_); }

TEST_F(DiskSourceTest, WithoutAThreadForANewModelAllStaysAsItWas) {
  options_.poll_wait = std::chrono::milliseconds(1);
  DiskSource source(options_);
  ASSERT_EQ(source.Start(latest_.Callback()), absl::OkStatus());
  Publish("m/1");
  EXPECT_TRUE(latest_.Await(1));
  {
    const NoMoreThreads tight;
    const absl::Status status = source.SetModels({{"n", dir_.Path("n"), ServableVersionPolicy()}}, 1);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  }
  Publish("m/2");
  EXPECT_TRUE(latest_.Await(2));
  EXPECT_EQ(source.SetModels({{"n", dir_.Path("n"), ServableVersionPolicy()}}, 2), absl::OkStatus());
}

}  // namespace
}  // namespace trilho
