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
using ::testing::ElementsAre;
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
    const absl::Status status = CheckContract(compiled_.method(), Model());
    EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status)) << status;
    return std::string(status.message());
  }

  Signatures Model() const {
    Signatures model;
    model.by_name[signature_.name] = signature_;
    return model;
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

TEST_F(ContractCheckTest, AnOutputThatCannotBeSentMattersToWhoeverNeedsIt) {
  signature_.outputs.push_back(Info("more", TF_FLOAT, absl::nullopt));
  signature_.outputs.back().unsendable = "is a sparse or composite tensor";
  EXPECT_EQ(Check(), "");
  signature_.outputs[0].unsendable = "is a sparse or composite tensor";
  EXPECT_THAT(Check(), HasSubstr("the output \"value\" cannot be sent: it is a sparse or composite tensor"));
}

TEST_F(ContractCheckTest, AMissingSignatureIsNamedWithThoseThereAre) {
  signature_.name = "other";
  EXPECT_THAT(Check(), AllOf(HasSubstr("\"serving_default\""), HasSubstr("\"other\"")));
}

TEST_F(ContractCheckTest, ASignatureThatCannotBeServedSaysWhy) {
  Signatures model;
  model.unsupported["serving_default"] = absl::UnimplementedError("\"image\" is a sparse or composite tensor");
  EXPECT_THAT(std::string(CheckContract(compiled_.method(), model).message()),
              HasSubstr("the signature \"serving_default\" cannot be served: \"image\" is a sparse"));
}

TEST_F(ContractCheckTest, AKerasTensorOfOneValueIsNamedWithWhatToSay) {
  const CompiledProto one(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In { float image = 1; })"));
  signature_.inputs[0].shape = Shape({-1, 1, 1});
  EXPECT_THAT(std::string(CheckContract(one.method(), Model()).message()),
              HasSubstr("is FLOAT [?, 1, 1], expected FLOAT [?], as it is with shape: [1, 1]"));
}

TEST_F(ContractCheckTest, FeaturesAreNamedWithWhatWasExpected) {
  const CompiledProto examples(TestProto(R"(
    service S { rpc M(In) returns (Out) {
      option (trilho.contract.model) = { name: "m" example_input: "examples" }; } }
    message In { repeated int32 age = 1 [(trilho.contract.tensor) = { shape: 2 }]; string jop = 2; }
    message Out { repeated float value = 1; })"));
  signature_.inputs = {Info("examples", TF_STRING, Shape(std::vector<int64_t>{-1}))};
  Signatures model = Model();
  model.features = ExampleFeatures{
      {"age", {TF_FLOAT, 1, true}}, {"job", {TF_STRING, absl::nullopt, false}}, {"rate", {TF_FLOAT, 1, true}}};
  EXPECT_EQ(
      CheckContract(examples.method(), model),
      absl::FailedPreconditionError(
          "test.proto:7: test.S.M: test.In.age: the feature \"age\" is FLOAT of 1 value, expected INT64 of 2 "
          "values (signature \"serving_default\")\n"
          "test.proto:7: test.S.M: test.In.jop: the model parses no feature \"jop\", perhaps \"job\": it has "
          "\"age\", \"job\", \"rate\" (signature \"serving_default\")\n"
          "test.proto:5: test.S.M: no field is the feature \"rate\", which is FLOAT of 1 value and has no default "
          "(signature \"serving_default\")"));
}

constexpr char kThree[] = R"(
  service S {
    rpc One(In) returns (Out) { option (trilho.contract.model) = { name: "m" }; }
    rpc Two(In) returns (Out) { option (trilho.contract.model) = { name: "m" signature: "two" }; }
    rpc Other(In) returns (Out) { option (trilho.contract.model) = { name: "mnist" }; }
  }
  message In { float image = 1; }
  message Out { repeated float value = 1; })";

TEST_F(ContractCheckTest, AllMethodsOfAModelAreChecked) {
  const CompiledProto three(TestProto(kThree));
  const std::string message(CheckContracts(three.contracts(), "m", Model()).message());
  EXPECT_THAT(message, AllOf(HasSubstr("test.S.One: test.In.image: "), HasSubstr("\ntest.proto:7: test.S.Two: ")));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("Other")));
  EXPECT_EQ(CheckContracts(three.contracts(), "another", Model()), absl::OkStatus());
}

TEST_F(ContractCheckTest, AMethodWhoseModelIsNotConfiguredIsNamedWithThoseThatAre) {
  const CompiledProto three(TestProto(kThree));
  EXPECT_THAT(MethodsWithoutModel(three.contracts(), {"m", "minst"}),
              ElementsAre("test.desc: test.proto:8: test.S.Other is answered by the model \"mnist\", which is not "
                          "configured, perhaps \"minst\"; there are \"m\", \"minst\""));
  EXPECT_THAT(MethodsWithoutModel(three.contracts(), {}), ::testing::SizeIs(3));
  EXPECT_THAT(MethodsWithoutModel(three.contracts(), {"mnist", "m"}), ::testing::IsEmpty());
}

}  // namespace
}  // namespace trilho
