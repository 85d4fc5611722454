#include "cpp_server/request_log/logging_settings.h"

#include <cmath>
#include <string>

#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::LoggingConfig;
using ::testing::HasSubstr;

class LoggingSettingsTest : public ::testing::Test {
 protected:
  LoggingConfig Config(const std::string& prefix, double rate) const {
    LoggingConfig config;
    config.mutable_log_collector_config()->set_filename_prefix(prefix);
    config.mutable_sampling_config()->set_sampling_rate(rate);
    return config;
  }
  LoggingConfig Good() const { return Config(directory_.Path("m"), 0.5); }

  // Why `config` cannot be.
  static std::string Reason(const LoggingConfig& config) {
    const auto settings = LoggingSettingsOf({{"m", config}});
    EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(settings.status().message());
  }

  const TestDirectory directory_;
};

TEST_F(LoggingSettingsTest, PrefixAndRate) {
  const auto settings = LoggingSettingsOf({{"m", Good()}, {"n", Config(directory_.Path("n"), 1)}});
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->size(), 2u);
  EXPECT_EQ(settings->at("m").filename_prefix, directory_.Path("m"));
  EXPECT_EQ(settings->at("m").sampling_rate, 0.5);
  EXPECT_EQ(settings->at("m").sampling_config, Good().sampling_config().SerializeAsString());
}

TEST_F(LoggingSettingsTest, WithoutARateNoPrefixIsNeeded) {
  const auto settings = LoggingSettingsOf({{"m", LoggingConfig()}, {"n", LoggingConfig()}});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->at("m").sampling_rate, 0);
}

TEST_F(LoggingSettingsTest, RateIsFromZeroToOne) {
  for (double rate : {-0.1, 1.1, std::nan("")}) {
    EXPECT_THAT(Reason(Config(directory_.Path("m"), rate)),
                HasSubstr("model m: logging_config.sampling_config.sampling_rate is "));
  }
}

TEST_F(LoggingSettingsTest, PrefixIsAnAbsolutePathInAFolder) {
  for (const char* prefix : {"", "m", "logs/m", "/tmp/"}) {
    EXPECT_THAT(Reason(Config(prefix, 1)), HasSubstr("must be an absolute path that file names begin with"));
  }
  EXPECT_THAT(Reason(Config(directory_.Path("nowhere/m"), 1)),
              HasSubstr("but there is no folder " + directory_.Path("nowhere")));
}

TEST_F(LoggingSettingsTest, TwoModelsDoNotShareAPrefix) {
  const auto settings = LoggingSettingsOf({{"m", Good()}, {"n", Config(directory_.Path("./m"), 1)}});
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(settings.status().message(), HasSubstr("which is that of model m too"));
}

TEST_F(LoggingSettingsTest, OtherCollectorsAreNotSupported) {
  LoggingConfig config = Good();
  config.mutable_log_collector_config()->set_type("pubsub");
  EXPECT_THAT(Reason(config), HasSubstr("log_collector_config.type is \"pubsub\", but only \"\""));
}

TEST_F(LoggingSettingsTest, OtherWaysToSampleAreNotSupported) {
  LoggingConfig config = Good();
  config.mutable_sampling_config()->set_attributes(1);
  EXPECT_THAT(Reason(config), HasSubstr("sampling_config.attributes is 1"));
  config = Good();
  config.mutable_sampling_config()->add_per_task_sampling_configs();
  EXPECT_THAT(Reason(config), HasSubstr("per_task_sampling_configs is not supported"));
  config = Good();
  config.mutable_custom_logging_config();
  EXPECT_THAT(Reason(config), HasSubstr("custom_logging_config is not supported"));
}

}  // namespace
}  // namespace trilho
