// Requests whose fields are features of tf.Examples.

#include <string>

#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/contracts/request_decoder.h"
#include "gtest/gtest.h"
#include "tensorflow/core/example/example.pb.h"

namespace trilho {
namespace {

class ExampleRequestTest : public ::testing::Test {
 protected:
  ExampleRequestTest()
      : compiled_(TestProto(R"(
    service S { rpc M(In) returns (In) {
      option (trilho.contract.model) = { name: "m" example_input: "examples" }; } }
    message In { repeated Person people = 1 [(trilho.contract.batch) = true]; }
    message Person {
      float age = 1;
      double score = 2 [(trilho.contract.tensor) = { alias: "points" maximum: 1e300 }];
      string name = 3;
      repeated bytes tags = 4;
      repeated sint32 ids = 5;
      bool known = 6;
      uint64 size = 7;
      optional float rate = 8 [(trilho.contract.tensor) = { default_number: 0.5 }];
      repeated float at = 9 [(trilho.contract.tensor) = { shape: 2 }];
      Color color = 10;
    }
    enum Color { RED = 0; BLUE = -1; })")) {}

  absl::StatusOr<DecodedRequest> Decode(const std::string& text) {
    return DecodeRequest(compiled_.method(), compiled_.Bytes("In", text));
  }

  CompiledProto compiled_;
};

TEST_F(ExampleRequestTest, MakesAnExampleOfEachElement) {
  const auto decoded = Decode(R"(
    people { age: 30 score: 1.5 name: "ana" tags: ["a", "", "b"] ids: [-1, 300] known: true size: 5 at: [1, 2]
             color: BLUE }
    people { at: [3, 4] ids: 7 rate: 0 })");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->examples, 2);
  ASSERT_EQ(decoded->tensors.size(), 1u);
  EXPECT_EQ(decoded->tensors[0].dims(), (std::vector<int64_t>{2}));
  std::vector<tensorflow::Example> examples(2);
  for (size_t i = 0; i < 2; ++i) {
    const absl::string_view bytes = decoded->tensors[0].string(static_cast<int64_t>(i));
    ASSERT_TRUE(examples[i].ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    EXPECT_EQ(examples[i].features().feature_size(), 10);
  }
  const auto text = [&](size_t i, const std::string& name) {
    return examples[i].features().feature().at(name).ShortDebugString();
  };
  EXPECT_EQ(text(0, "age"), "float_list { value: 30 }");
  EXPECT_EQ(text(0, "points"), "float_list { value: 1.5 }");
  EXPECT_EQ(text(0, "name"), "bytes_list { value: \"ana\" }");
  EXPECT_EQ(text(0, "tags"), "bytes_list { value: \"a\" value: \"\" value: \"b\" }");
  EXPECT_EQ(text(0, "ids"), "int64_list { value: -1 value: 300 }");
  EXPECT_EQ(text(0, "known"), "int64_list { value: 1 }");
  EXPECT_EQ(text(0, "size"), "int64_list { value: 5 }");
  EXPECT_EQ(text(0, "rate"), "float_list { value: 0.5 }");
  EXPECT_EQ(text(0, "at"), "float_list { value: 1 value: 2 }");
  EXPECT_EQ(text(0, "color"), "int64_list { value: -1 }");
  EXPECT_EQ(text(1, "age"), "float_list { value: 0 }");
  EXPECT_EQ(text(1, "name"), "bytes_list { value: \"\" }");
  EXPECT_EQ(text(1, "tags"), "bytes_list { }");
  EXPECT_EQ(text(1, "ids"), "int64_list { value: 7 }");
  EXPECT_EQ(text(1, "rate"), "float_list { value: 0 }");
  EXPECT_EQ(text(1, "at"), "float_list { value: 3 value: 4 }");
}

TEST_F(ExampleRequestTest, RefusesWhatOtherRequestsRefuse) {
  EXPECT_EQ(Decode("").status(), absl::InvalidArgumentError("people is empty, expected at least one"));
  EXPECT_EQ(Decode("people { at: 1 }").status(), absl::InvalidArgumentError("people[0].at has 1 value, expected 2"));
  EXPECT_EQ(Decode("people { at: [1, 2] size: 9223372036854775808 }").status(),
            absl::InvalidArgumentError("people[0].size is 9223372036854775808, expected at most 9223372036854775807"));
  EXPECT_EQ(Decode("people { at: [1, 2] score: 1e39 }").status(),
            absl::InvalidArgumentError("people[0].score is 1e+39, expected a number that fits into FLOAT"));
}

TEST_F(ExampleRequestTest, IsTheInputOfThatName) {
  Signature signature;
  signature.inputs.resize(1);
  signature.inputs[0].alias = "examples";
  signature.inputs[0].type = TF_STRING;
  auto inputs = ArrangeInputs(compiled_.method(), signature, *Decode("people { at: [1, 2] }"));
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(inputs->size(), 1u);
  signature.inputs[0].alias = "inputs";
  EXPECT_EQ(
      ArrangeInputs(compiled_.method(), signature, *Decode("people { at: [1, 2] }")).status(),
      absl::FailedPreconditionError("the signature \"serving_default\" of the model \"m\" has no input \"examples\""));
}

}  // namespace
}  // namespace trilho
