#include "cpp_server/server/config_file_poller.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "cpp_server/config/model_config.h"
#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

std::string ConfigOf(const std::string& model) {
  return "model_config_list { config { name: \"" + model + "\" base_path: \"/m\" model_platform: \"tensorflow\" } }";
}

class ConfigFilePollerTest : public ::testing::Test {
 protected:
  std::unique_ptr<ConfigFilePoller> Poll(std::chrono::milliseconds wait) {
    return std::make_unique<ConfigFilePoller>(
        dir_.Path("models.config"), wait, known_, [this](const tensorflow::serving::ModelServerConfig& config) {
          EXPECT_EQ(config.model_config_list().config(0).name(), "b");
          return ++told_ > refused_ ? absl::OkStatus() : absl::UnavailableError("the disk is full");
        });
  }

  static tensorflow::serving::ModelServerConfig Written(TestDirectory* dir) {
    dir->Write("models.config", ConfigOf("a"));
    return *ReadModelConfigFile(dir->Path("models.config"));
  }

  TestDirectory dir_;
  const tensorflow::serving::ModelServerConfig known_ = Written(&dir_);
  std::atomic<int> told_{0};
  // So many times it is not taken.
  int refused_ = 0;
};

TEST_F(ConfigFilePollerTest, TellsOfAChange) {
  const auto poller = Poll(std::chrono::milliseconds(5));
  EXPECT_EQ(told_, 0);
  dir_.Write("models.config", ConfigOf("b"));
  while (told_ == 0) std::this_thread::yield();
  EXPECT_EQ(told_, 1);
}

TEST_F(ConfigFilePollerTest, AFileThatSaysNothingOfModelsChangesNothing) {
  const auto poller = Poll(std::chrono::milliseconds(5));
  ::testing::internal::CaptureStderr();
  dir_.Write("models.config", "# to be written\n");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_EQ(told_, 0);
  dir_.Write("models.config", ConfigOf("b"));
  while (told_ == 0) std::this_thread::yield();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::HasSubstr("the configuration stays as it was: --model_config_file: " +
                                   dir_.Path("models.config") + ": there is no model_config_list"));
}

TEST_F(ConfigFilePollerTest, TellsOfWhatChangedBeforeItsFirstLook) {
  dir_.Write("models.config", ConfigOf("b"));
  const auto poller = Poll(std::chrono::milliseconds(5));
  while (told_ == 0) std::this_thread::yield();
  EXPECT_EQ(told_, 1);
}

TEST_F(ConfigFilePollerTest, TellsAgainOfWhatWasNotTaken) {
  refused_ = 3;
  ::testing::internal::CaptureStderr();
  {
    const auto poller = Poll(std::chrono::milliseconds(5));
    dir_.Write("models.config", ConfigOf("b"));
    while (told_ <= refused_) std::this_thread::yield();
    // Many looks.
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_EQ(told_, refused_ + 1) << "it was taken";
  const std::string log = ::testing::internal::GetCapturedStderr();
  const std::string line = "the configuration stays as it was: the disk is full";
  EXPECT_THAT(log, ::testing::HasSubstr(line));
  EXPECT_EQ(log.find(line), log.rfind(line)) << "it was said once";
}

TEST_F(ConfigFilePollerTest, WhatWasNotTakenAndIsGoneIsNoChange) {
  refused_ = 1 << 30;
  const auto poller = Poll(std::chrono::milliseconds(5));
  dir_.Write("models.config", ConfigOf("b"));
  while (told_ == 0) std::this_thread::yield();
  // It expects b.
  dir_.Write("models.config", ConfigOf("a"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

}  // namespace
}  // namespace trilho
