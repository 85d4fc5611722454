#include "cpp_server/contracts/contract_check.h"

#include <string>
#include <utility>
#include <vector>

#include "cpp_server/contracts/compiled_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Shape = absl::optional<std::vector<int64_t>>;

constexpr char kImages[] = R"(
  service S { rpc M(In) returns (Out) { option (trilho.contract.model) = { name: "m" }; } }
  message In { repeated float image = 1 [(trilho.contract.tensor) = { shape: [28, 28] }]; }
  message Out { repeated float value = 1; })";

TensorInfo Info(const std::string& alias, TF_DataType type, Shape shape) {
  TensorInfo info;
  info.alias = alias;
  info.type = type;
  info.shape = std::move(shape);
  return info;
}

class ContractCheckTest : public ::testing::Test {
 protected:
  ContractCheckTest() : compiled_(TestProto(kImages)) {
    signature_.name = "serving_default";
    signature_.inputs = {Info("image", TF_FLOAT, Shape({-1, 28, 28}))};
    signature_.outputs = {Info("value", TF_FLOAT, Shape({-1, 10}))};
  }

  std::string Check() {
    const SignatureMap signatures = {{signature_.name, signature_}};
    const absl::Status status = CheckContract(compiled_.method(), signatures);
    EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status)) << status;
    return std::string(status.message());
  }

  CompiledProto compiled_;
  Signature signature_;
};

TEST_F(ContractCheckTest, ASignatureOfTheSameTensorsFits) { EXPECT_EQ(Check(), ""); }

TEST_F(ContractCheckTest, WhatEitherSideLeavesOpenFits) {
  signature_.inputs[0].shape = Shape({-1, -1, 28});
  signature_.outputs[0].shape = absl::nullopt;
  EXPECT_EQ(Check(), "");
}

TEST_F(ContractCheckTest, AnotherShapeIsNamedWithWhatWasExpected) {
  signature_.inputs[0].shape = Shape({-1, 784});
  EXPECT_THAT(Check(), AllOf(HasSubstr("test.proto:6"), HasSubstr("test.In.image"), HasSubstr("FLOAT [?, 784]"),
                             HasSubstr("expected FLOAT [?, 28, 28]")));
}

TEST_F(ContractCheckTest, AnotherTypeIsNamedWithWhatWasExpected) {
  signature_.outputs[0].type = TF_DOUBLE;
  EXPECT_THAT(Check(), AllOf(HasSubstr("the output \"value\" is DOUBLE"), HasSubstr("expected FLOAT")));
}

TEST_F(ContractCheckTest, AMissingTensorIsNamedWithTheNearestOneThereIs) {
  signature_.inputs[0].alias = "images";
  EXPECT_THAT(Check(), AllOf(HasSubstr("there is no input \"image\", perhaps \"images\": it has \"images\""),
                             HasSubstr("no field is the input \"images\", which has no default")));
}

TEST_F(ContractCheckTest, AnInputThatNoFieldFeedsNeedsADefault) {
  signature_.inputs.push_back(Info("threshold", TF_FLOAT, Shape({})));
  EXPECT_THAT(Check(), HasSubstr("no field is the input \"threshold\", which has no default"));
  signature_.inputs.back().default_value = "";
  EXPECT_EQ(Check(), "");
}

TEST_F(ContractCheckTest, AMissingSignatureIsNamedWithThoseThereAre) {
  signature_.name = "other";
  EXPECT_THAT(Check(), AllOf(HasSubstr("\"serving_default\""), HasSubstr("\"other\"")));
}

}  // namespace
}  // namespace trilho
