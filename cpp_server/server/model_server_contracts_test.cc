// Contracts in a whole server: which of their models are configured, and what a client hears until they are there.

#include <future>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/server/model_server_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHalf[] = R"(
  service HalfService {
    rpc Latest(In) returns (Out) { option (trilho.contract.model) = { name: "half" }; }
    rpc Stable(In) returns (Out) { option (trilho.contract.model) = { name: "half" version_label: "stable" }; }
    rpc Canary(In) returns (Out) { option (trilho.contract.model) = { name: "half" version_label: "canary" }; }
    rpc NotServed(In) returns (Out);
  }
  message In { float value = 1 [(trilho.contract.tensor) = { alias: "x" }]; }
  message Out { float value = 1 [(trilho.contract.tensor) = { alias: "y" }]; })";

class ModelServerContractsTest : public ModelServerFixture {
 protected:
  ModelServer::Options OptionsFor(const std::vector<std::string>& names) {
    ModelServer::Options options = ModelServerFixture::OptionsFor(names);
    options.contracts.contracts = compiled_.contracts();
    options.contracts.descriptor_sets = {{"half.desc", CompileProto(TestProto(kHalf))}};
    return options;
  }

  // The value that answers 4, or the error.
  std::string Ask(const ModelServer& server, const std::string& method) {
    const auto [status, response] = RawCall(LocalChannel(server.port()), absl::StrCat("/test.HalfService/", method),
                                            compiled_.Bytes("In", "value: 4"));
    if (status.ok()) return compiled_.Text("Out", response);
    return absl::StrCat(status.error_code(), ": ", status.error_message());
  }

  // The configuration gets these models.
  static void Reload(ModelServer* server, const ModelServer::Options& options) {
    std::promise<absl::Status> done;
    // It is taken, whether or not the models have versions.
    server->Reload(options.models, [&done](const absl::Status& status) { done.set_value(status); });
    done.get_future().wait();
  }

  CompiledProto compiled_{TestProto(kHalf)};
};

TEST_F(ModelServerContractsTest, AModelThatIsNotConfiguredIsAWarningOfTheStart) {
  Publish("hafl", 1);
  ::testing::internal::CaptureStderr();
  const auto server = Started(OptionsFor({"hafl"}));
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_NE(server, nullptr);
  EXPECT_THAT(log, HasSubstr("test.HalfService.Latest is answered by the model \"half\", which is not configured, "
                             "perhaps \"hafl\"; there are \"hafl\""));
  EXPECT_THAT(log, Not(HasSubstr("NotServed")));
}

TEST_F(ModelServerContractsTest, AClientHearsWhetherToWait) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "Latest"), "5: the model \"half\", which answers test.HalfService/Latest, is not configured");
  EXPECT_EQ(Ask(*server, "Stable"), "5: the model \"half\", which answers test.HalfService/Stable, is not configured");
  // What is configured may come.
  folder_.MakeFolder("half");
  Reload(server.get(), OptionsFor({"a", "half"}));
  EXPECT_EQ(Ask(*server, "Latest"), "14: no version of the model \"half\" is ready");
  Publish("half", 1);
  std::string answer;
  while (answer.empty() || answer.front() == '1') answer = Ask(*server, "Latest");
  EXPECT_EQ(answer, "value: 4");
}

TEST_F(ModelServerContractsTest, ALabelIsServed) {
  Publish("half", 1);
  Publish("half", 2);
  ModelServer::Options options = OptionsFor({"half"});
  auto* const config = options.models.mutable_model_config_list()->mutable_config(0);
  config->mutable_model_version_policy()->mutable_all();
  (*config->mutable_version_labels())["stable"] = 1;
  ::testing::internal::CaptureStderr();
  const auto server = Started(options);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("which is not configured")));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "Latest"), "value: 5");
  EXPECT_EQ(Ask(*server, "Stable"), "value: 4");
  EXPECT_THAT(Ask(*server, "Canary"),
              AllOf(HasSubstr("14: no version of the model \"half\" has the label \"canary\": "),
                    HasSubstr("(labels of half: stable)")));
}

TEST_F(ModelServerContractsTest, WhatIsNotAnnotatedOrNotThereIsUnimplemented) {
  Publish("half", 1);
  const auto server = Started(OptionsFor({"half"}));
  ASSERT_NE(server, nullptr);
  EXPECT_THAT(Ask(*server, "NotServed"), ::testing::StartsWith("12: "));
  EXPECT_THAT(Ask(*server, "Guess"), ::testing::StartsWith("12: "));
  EXPECT_EQ(Ask(*server, "Latest"), "value: 4");
}

}  // namespace
}  // namespace trilho
