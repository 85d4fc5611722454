#include "cpp_server/json/example_json.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow/core/example/example.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The features of the example at `i`.
google::protobuf::Map<std::string, tensorflow::Feature> Features(const ExamplesJsonRequest& request, size_t i) {
  tensorflow::Example example;
  EXPECT_TRUE(example.ParseFromString(request.examples.at(i)));
  return example.features().feature();
}

std::string Error(const std::string& body) {
  const auto request = ReadExamplesRequest(body);
  return request.ok() ? "none" : std::string(request.status().message());
}

TEST(ExampleJsonTest, ValuesTellTheKindOfAFeature) {
  const auto request = ReadExamplesRequest(
      R"({"signature_name": "s", "examples": [
          {"i": 1, "f": 1.0, "s": "a", "b": {"b64": "/w=="}, "is": [1, -2], "fs": [1, 2.5], "ss": ["a", {"b64": "Yg=="}],
           "none": []}]})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->signature_name, "s");
  const auto features = Features(*request, 0);
  EXPECT_THAT(features.at("i").int64_list().value(), ElementsAre(1));
  EXPECT_THAT(features.at("f").float_list().value(), ElementsAre(1));
  EXPECT_THAT(features.at("s").bytes_list().value(), ElementsAre("a"));
  EXPECT_THAT(features.at("b").bytes_list().value(), ElementsAre("\xff"));
  EXPECT_THAT(features.at("is").int64_list().value(), ElementsAre(1, -2));
  EXPECT_THAT(features.at("fs").float_list().value(), ElementsAre(1, 2.5));
  EXPECT_THAT(features.at("ss").bytes_list().value(), ElementsAre("a", "b"));
  EXPECT_EQ(features.at("none").kind_case(), tensorflow::Feature::KIND_NOT_SET);
}

TEST(ExampleJsonTest, TheContextBelongsToEveryExample) {
  const auto request = ReadExamplesRequest(R"({"context": {"c": 7, "x": 1}, "examples": [{"x": 2}, {}]})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(Features(*request, 0).at("c").int64_list().value(), ElementsAre(7));
  EXPECT_THAT(Features(*request, 0).at("x").int64_list().value(), ElementsAre(2)) << "the example's own counts";
  EXPECT_THAT(Features(*request, 1).at("x").int64_list().value(), ElementsAre(1));
}

TEST(ExampleJsonTest, TrueAndFalseAreIntegers) {
  const auto request = ReadExamplesRequest(R"({"examples": [{"x": true, "xs": [false, 2]}]})");
  ASSERT_TRUE(request.ok()) << request.status();
  const auto features = Features(*request, 0);
  EXPECT_THAT(features.at("x").int64_list().value(), ElementsAre(1));
  EXPECT_THAT(features.at("xs").int64_list().value(), ElementsAre(0, 2));
  EXPECT_THAT(Error(R"({"examples": [{"x": [true, 2.5]}]})"), HasSubstr("feature: x"));
  EXPECT_THAT(Error(R"({"examples": [{"x": [2.5, true]}]})"), HasSubstr("feature: x"));
}

TEST(ExampleJsonTest, OfAFeatureTwiceTheLastCounts) {
  const auto request = ReadExamplesRequest(R"({"examples": [{"x": [1, 2], "x": "a"}]})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(Features(*request, 0).at("x").bytes_list().value(), ElementsAre("a"));
}

TEST(ExampleJsonTest, AContextMustNotGrowBeyondAllMeasure) {
  std::string body = "{\"context\": {\"c\": \"" + std::string(1 << 20, 'a') + "\"}, \"examples\": [{}";
  for (int i = 1; i < 256; ++i) body += ",{}";
  EXPECT_THAT(Error(body + "]}"), HasSubstr("before each of 256 examples take more than 268435456 bytes"));
}

TEST(ExampleJsonTest, NamesWhatIsWrong) {
  EXPECT_THAT(Error("{}"), HasSubstr("'examples'"));
  EXPECT_THAT(Error(R"({"examples": []})"), HasSubstr("non-empty"));
  EXPECT_THAT(Error(R"({"examples": {}})"), HasSubstr("non-empty"));
  EXPECT_THAT(Error(R"({"examples": [1]})"), HasSubstr("'examples' element 0: Example must be JSON object"));
  EXPECT_THAT(Error(R"({"examples": [{"x": [1, "a"]}]})"), HasSubstr("feature: x"));
  EXPECT_THAT(Error(R"({"examples": [{"x": {"y": 1}}]})"), HasSubstr("feature: x"));
  EXPECT_THAT(Error(R"({"examples": [{"x": [[1]]}]})"), HasSubstr("feature: x"));
  EXPECT_THAT(Error(R"({"examples": [{"x": 9223372036854775808}]})"), HasSubstr("out of range of int64"));
  EXPECT_THAT(Error(R"({"examples": [{"x": {"b64": "*"}}]})"), HasSubstr("base64"));
  EXPECT_THAT(Error("{\"examples\": [{\"\xff\": 1}]}"), HasSubstr("Name of feature is not UTF-8: \"\xef\xbf\xbd\""));
  EXPECT_THAT(Error(R"({"context": 1, "examples": [{}]})"), HasSubstr("'context'"));
  EXPECT_THAT(Error(R"({"signature_name": 1, "examples": [{}]})"), HasSubstr("'signature_name'"));
}

TEST(ExampleJsonTest, WritesLabelsAndScores) {
  tensorflow::serving::ClassificationResult result;
  for (const char* label : {"a", "b\""}) {
    auto* one = result.add_classifications()->add_classes();
    one->set_label(label);
    one->set_score(0.5f);
  }
  result.add_classifications();
  EXPECT_EQ(WriteClassifyResponse(result),
            "{\n    \"results\": [\n        [[\"a\", 0.5]],\n        [[\"b\\\"\", 0.5]],\n        []\n    ]\n}");
}

TEST(ExampleJsonTest, WritesValues) {
  tensorflow::serving::RegressionResult result;
  result.add_regressions()->set_value(1);
  result.add_regressions()->set_value(0.1f);
  EXPECT_EQ(WriteRegressResponse(result), "{\n    \"results\": [1.0, 0.1]\n}");
}

}  // namespace
}  // namespace trilho
