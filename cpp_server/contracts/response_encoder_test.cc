#include "cpp_server/contracts/response_encoder.h"

#include <string>
#include <utility>
#include <vector>

#include "cpp_server/contracts/compiled_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

// A contract of `messages`, of which "Out" is the response.
class Encoded {
 public:
  explicit Encoded(const std::string& messages, const std::string& in = "message In { float x = 1; }")
      : compiled_(
            TestProto("service S { rpc M(In) returns (Out) { option (trilho.contract.model) = { name: \"m\" }; } }" +
                      in + messages)) {}

  void Add(Tensor tensor) { outputs_.push_back(std::move(tensor)); }
  // The response in text format, or the error.
  std::string Text(int64_t examples = 1) {
    const auto bytes = EncodeResponse(compiled_.method().response, examples, outputs_);
    outputs_.clear();
    return bytes.ok() ? compiled_.Text("Out", *bytes) : bytes.status().ToString();
  }

 private:
  CompiledProto compiled_;
  // In the order of their aliases.
  std::vector<Tensor> outputs_;
};

TEST(ResponseEncoderTest, OneExample) {
  Encoded encoded("message Out { repeated float value = 1; string label = 2; sint32 rank = 3; bool sure = 4; }");
  encoded.Add(NewStrings({1}, {"seven"}));
  encoded.Add(NewTensor<int32_t>(TF_INT32, {1}, {-7}));
  encoded.Add(NewTensor<bool>(TF_BOOL, {1}, {true}));
  encoded.Add(NewTensor<float>(TF_FLOAT, {1, 3}, {0.25, 0, 0.75}));
  EXPECT_EQ(encoded.Text(), "value: 0.25 value: 0 value: 0.75 label: \"seven\" rank: -7 sure: true");
}

TEST(ResponseEncoderTest, ARepeatedMessageIsAStructureOfTensors) {
  Encoded encoded("message Out { repeated Item items = 1; } message Item { string id = 1; float score = 2; }");
  encoded.Add(NewStrings({1, 2}, {"a", "b"}));
  encoded.Add(NewTensor<float>(TF_FLOAT, {1, 2}, {2, 1}));
  EXPECT_EQ(encoded.Text(), "items { id: \"a\" score: 2 } items { id: \"b\" score: 1 }");
}

TEST(ResponseEncoderTest, ABatchHasOneElementAnExample) {
  Encoded encoded(
      "message Out { repeated Row rows = 1 [(trilho.contract.batch) = true]; }"
      "message Row { repeated int64 n = 1 [(trilho.contract.tensor) = { shape: 2 }]; }",
      "message In { repeated X x = 1 [(trilho.contract.batch) = true]; } message X { float x = 1; }");
  encoded.Add(NewTensor<int64_t>(TF_INT64, {2, 2}, {1, 2, 3, -4}));
  EXPECT_EQ(encoded.Text(2), "rows { n: 1 n: 2 } rows { n: 3 n: -4 }");
}

TEST(ResponseEncoderTest, ASingleFieldMayHaveAShapeOfOnes) {
  Encoded encoded(
      "message Out { repeated Row rows = 1 [(trilho.contract.batch) = true]; }"
      "message Row { float p = 1 [(trilho.contract.tensor) = { shape: 1 }];"
      " string s = 2 [(trilho.contract.tensor) = { shape: [1, 1] }]; }",
      "message In { repeated X x = 1 [(trilho.contract.batch) = true]; } message X { float x = 1; }");
  encoded.Add(NewTensor<float>(TF_FLOAT, {2, 1}, {0.25, 0.75}));
  encoded.Add(NewStrings({2, 1, 1}, {"a", "b"}));
  EXPECT_EQ(encoded.Text(2), "rows { p: 0.25 s: \"a\" } rows { p: 0.75 s: \"b\" }");
  encoded.Add(NewTensor<float>(TF_FLOAT, {2}, {0.25, 0.75}));
  encoded.Add(NewStrings({2, 1, 1}, {"a", "b"}));
  EXPECT_EQ(encoded.Text(2), "INTERNAL: the model's output \"p\" is FLOAT [2], expected FLOAT [2, 1]");
}

TEST(ResponseEncoderTest, WhatTheContractDoesNotSayIsTheModelsFault) {
  Encoded encoded("message Out { repeated float value = 1 [(trilho.contract.tensor) = { shape: 10 }]; }");
  encoded.Add(NewTensor<float>(TF_FLOAT, {1, 3}, {1, 2, 3}));
  EXPECT_THAT(encoded.Text(), AllOf(HasSubstr("INTERNAL: "), HasSubstr("value"), HasSubstr("10")));
  encoded.Add(NewTensor<double>(TF_DOUBLE, {1, 1}, {1}));
  EXPECT_THAT(encoded.Text(), AllOf(HasSubstr("INTERNAL: "), HasSubstr("DOUBLE")));
  encoded.Add(*Tensor::Allocate(TF_FLOAT, {2, 10}));
  EXPECT_THAT(encoded.Text(), AllOf(HasSubstr("INTERNAL: "), HasSubstr("2")));
}

TEST(ResponseEncoderTest, AStringMustBeUtf8) {
  Encoded encoded("message Out { string label = 1; }");
  encoded.Add(NewStrings({1}, {"\xff"}));
  EXPECT_THAT(encoded.Text(), AllOf(HasSubstr("INTERNAL: "), HasSubstr("label"), HasSubstr("UTF-8")));
}

}  // namespace
}  // namespace trilho
