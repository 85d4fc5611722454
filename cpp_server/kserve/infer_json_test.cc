#include "cpp_server/kserve/infer_json.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/kserve/data_types.h"
#include "cpp_server/kserve/raw_tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Input(const std::string& members) { return absl::StrCat(R"({"inputs": [{"name": "x", )", members, "}]}"); }

// One output of one input, the same tensor.
absl::StatusOr<InferBody> Echo(const std::string& json, const std::string& binary) {
  auto asked = ReadInferJson(json, binary);
  if (!asked.ok()) return asked.status();
  InferResult result;
  result.version = 7;
  result.outputs = std::move(asked->request.inputs);
  return WriteInferJson("m", *asked, result);
}

std::string Error(const std::string& json, const std::string& binary = "") {
  const auto asked = ReadInferJson(json, binary);
  if (asked.ok()) return "none";
  EXPECT_EQ(asked.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(asked.status().message());
}

struct Sample {
  const char* name;
  // Two elements, as they are sent and as they come back.
  const char* data;
  const char* back;
};

class InferJsonTypeTest : public ::testing::TestWithParam<Sample> {};

TEST_P(InferJsonTypeTest, GoesThereAndBack) {
  const std::string datatype = GetParam().name;
  const auto body =
      Echo(Input(absl::StrCat(R"("datatype": ")", datatype, R"(", "shape": [2], "data": )", GetParam().data)), "");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->bytes, absl::StrCat(R"({"model_name":"m","model_version":"7","outputs":[{"name":"x","datatype":")",
                                      datatype, R"(","shape":[2],"data":)", GetParam().back, "}]}"));
  EXPECT_EQ(body->json_size, body->bytes.size());
  EXPECT_FALSE(body->has_binary);
}

INSTANTIATE_TEST_SUITE_P(
    All, InferJsonTypeTest,
    ::testing::Values(Sample{"BOOL", "[true, false]", "[true,false]"}, Sample{"UINT8", "[255, 0]", "[255,0]"},
                      Sample{"UINT16", "[65535, 0]", "[65535,0]"},
                      Sample{"UINT32", "[4294967295, 0]", "[4294967295,0]"},
                      Sample{"UINT64", "[18446744073709551615, 0]", "[18446744073709551615,0]"},
                      Sample{"INT8", "[-128, 127]", "[-128,127]"}, Sample{"INT16", "[-32768, 32767]", "[-32768,32767]"},
                      Sample{"INT32", "[-2147483648, 2147483647]", "[-2147483648,2147483647]"},
                      Sample{"INT64", "[-9223372036854775808, 9223372036854775807]",
                             "[-9223372036854775808,9223372036854775807]"},
                      Sample{"FP16", "[1, 0.5]", "[1.0,0.5]"}, Sample{"BF16", "[1, 0.5]", "[1.0,0.5]"},
                      Sample{"FP32", "[0.1, NaN]", "[0.1,NaN]"}, Sample{"FP64", "[0.1, -1e300]", "[0.1,-1e+300]"},
                      // Of the bytes 0xff and of text.
                      Sample{"BYTES", R"([{"b64": "/w=="}, "gr\u00f6\u00dfer"])",
                             "[{\"b64\": \"/w==\"},\"gr\xc3\xb6\xc3\x9f"
                             "er\"]"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(InferJsonTest, DataMayBeFlatOrNested) {
  for (const char* data : {"[1, 2, 3, 4, 5, 6]", "[[1, 2, 3], [4, 5, 6]]", "[[[1], [2], [3]], [[4, 5, 6]]]"}) {
    const auto asked =
        ReadInferJson(Input(absl::StrCat(R"("datatype": "INT32", "shape": [2, 3], "data": )", data)), "");
    ASSERT_TRUE(asked.ok()) << asked.status();
    const Tensor& tensor = asked->request.inputs[0].tensor;
    EXPECT_THAT(tensor.dims(), ElementsAre(2, 3));
    EXPECT_THAT(std::vector<int32_t>(tensor.data<int32_t>(), tensor.data<int32_t>() + 6),
                ElementsAre(1, 2, 3, 4, 5, 6));
  }
}

TEST(InferJsonTest, AScalarIsOneValue) {
  const auto body = Echo(Input(R"("datatype": "INT32", "shape": [], "data": [5])"), "");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_THAT(body->bytes, HasSubstr(R"("shape":[],"data":[5])"));
}

TEST(InferJsonTest, DataMayBeEmpty) {
  const auto body = Echo(Input(R"("datatype": "FP32", "shape": [0, 3], "data": [])"), "");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_THAT(body->bytes, HasSubstr(R"("shape":[0,3],"data":[])"));
}

TEST(InferJsonTest, TellsWhatIsAskedFor) {
  const auto asked = ReadInferJson(
      R"({"id": "7", "parameters": {"signature_name": "add", "priority": 3}, "inputs": [],
          "outputs": [{"name": "a"}, {"name": "b", "parameters": {"binary_data": true}}]})",
      "");
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->id, "7");
  EXPECT_EQ(asked->request.signature_name, "add");
  EXPECT_THAT(asked->request.outputs, ElementsAre("a", "b"));
  EXPECT_FALSE(asked->IsBinary("a"));
  EXPECT_TRUE(asked->IsBinary("b"));
}

TEST(InferJsonTest, WhatAnOutputSaysOfBytesGoesBeforeWhatTheRequestSays) {
  const auto asked = ReadInferJson(
      R"({"parameters": {"binary_data_output": true}, "inputs": [],
          "outputs": [{"name": "a"}, {"name": "b", "parameters": {"binary_data": false}}]})",
      "");
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_TRUE(asked->IsBinary("a"));
  EXPECT_FALSE(asked->IsBinary("b"));
}

// Clients that write what they have not set write it so.
TEST(InferJsonTest, WhatIsNullIsNotThere) {
  const char* const body = R"({"id": null, "parameters": null, "outputs": null, "inputs": [
      {"name": "x", "datatype": "UINT8", "shape": [1], "parameters": null, "data": [7]}]})";
  const auto asked = ReadInferJson(body, "");
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->id, "");
  EXPECT_EQ(asked->request.signature_name, "");
  EXPECT_TRUE(asked->request.outputs.empty());
  EXPECT_EQ(asked->request.inputs[0].tensor.data<uint8_t>()[0], 7);
  const auto answer = Echo(body, "");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->bytes, R"({"model_name":"m","model_version":"7","outputs":[)"
                           R"({"name":"x","datatype":"UINT8","shape":[1],"data":[7]}]})");

  const auto all_null = ReadInferJson(
      R"({"parameters": {"signature_name": null, "binary_data_output": null}, "outputs": [
          {"name": "x", "parameters": {"binary_data": null}}], "inputs": [
          {"name": "x", "datatype": "UINT8", "shape": [1], "data": null, "parameters": {"binary_data_size": 1}},
          {"name": "y", "datatype": "UINT8", "shape": [1], "data": [7], "parameters": {"binary_data_size": null}}]})",
      "a");
  ASSERT_TRUE(all_null.ok()) << all_null.status();
  EXPECT_FALSE(all_null->IsBinary("x"));
  EXPECT_EQ(Error(R"({"inputs": null})"), "\"inputs\" is missing");
  EXPECT_EQ(Error(Input(R"("datatype": "UINT8", "shape": null, "data": [7])")), "input \"x\": \"shape\" is missing");
}

TEST(InferJsonTest, TheIdComesBackAsItWasSent) {
  const auto body = Echo(R"({"id": "\u0000\"\\ \u2028", "inputs": []})", "");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->bytes,
            "{\"model_name\":\"m\",\"model_version\":\"7\",\"id\":\"\\u0000\\\"\\\\ \xe2\x80\xa8\",\"outputs\":[]}");
}

TEST(InferJsonTest, TheAnswerIsUtf8WhateverTheIdIs) {
  const auto body = Echo("{\"id\": \"a\xff\", \"inputs\": []}", "");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_THAT(body->bytes, HasSubstr("\"id\":\"a\xef\xbf\xbd\""));
}

constexpr char kTwoInBytes[] =
    R"({"inputs": [{"name": "a", "datatype": "UINT8", "shape": [2], "parameters": {"binary_data_size": 2}},
                   {"name": "b", "datatype": "UINT8", "shape": [1], "data": [7]},
                   {"name": "c", "datatype": "UINT8", "shape": [3], "parameters": {"binary_data_size": 3}}],
        "parameters": {"binary_data_output": true}, "outputs": []})";

TEST(InferJsonTest, TensorsInBytesStandBehindTheJsonInTheirOrder) {
  const auto body = Echo(kTwoInBytes, "abcde");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_TRUE(body->has_binary);
  EXPECT_EQ(body->bytes.substr(0, body->json_size),
            R"({"model_name":"m","model_version":"7","outputs":[)"
            R"({"name":"a","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}},)"
            R"({"name":"b","datatype":"UINT8","shape":[1],"parameters":{"binary_data_size":1}},)"
            R"({"name":"c","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}]})");
  EXPECT_EQ(body->bytes.substr(body->json_size), "ab\acde");
}

TEST(InferJsonTest, AnEmptyTensorInBytesIsOneToo) {
  const auto body = Echo(
      R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [0], "parameters": {"binary_data_size": 0}}],
          "parameters": {"binary_data_output": true}})",
      "");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_TRUE(body->has_binary);
  EXPECT_EQ(body->json_size, body->bytes.size());
}

TEST(InferJsonTest, EveryTypeMayComeInBytes) {
  for (const char* name : {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16",
                           "BF16", "FP32", "FP64"}) {
    const std::string bytes(TF_DataTypeSize(*KServeType(name)) * 2, '\1');
    const auto asked =
        ReadInferJson(Input(absl::StrCat(R"("datatype": ")", name,
                                         R"(", "shape": [2], "parameters": {"binary_data_size": )", bytes.size(), "}")),
                      bytes);
    ASSERT_TRUE(asked.ok()) << name << ": " << asked.status();
    EXPECT_EQ(*WriteRawTensor(asked->request.inputs[0].tensor), bytes) << name;
  }
}

TEST(InferJsonTest, BytesMustBeThoseThatAreTold) {
  EXPECT_EQ(Error(kTwoInBytes, "abcd"), "input \"c\": binary_data_size is 3, but 2 bytes are left behind the JSON");
  EXPECT_EQ(Error(kTwoInBytes, "abcdefg"), "2 bytes behind the JSON belong to no input; see \"binary_data_size\"");
  const std::string four = R"("datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 4})";
  EXPECT_EQ(Error(Input(four), "abcd"), "input \"x\": 4 bytes do not hold the 2 elements of 4 bytes each of shape [2]");
  EXPECT_EQ(Error(Input(four + R"(, "data": [1, 2])"), "abcd"),
            "input \"x\": there are both \"data\" and the parameter \"binary_data_size\"");
  EXPECT_EQ(Error(Input(R"("datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": -4})")),
            "input \"x\": parameter \"binary_data_size\" must be a number of bytes, not Number: -4");
}

TEST(InferJsonTest, SaysWhatIsWrongWithAnInput) {
  const auto error = [](const std::string& members) { return Error(Input(members)); };
  EXPECT_THAT(error(R"("shape": [1], "data": [1])"), HasSubstr("input \"x\": datatype \"\" is none of BOOL, "));
  EXPECT_EQ(error(R"("datatype": 1, "shape": [1], "data": [1])"),
            "input \"x\": \"datatype\" must be a string, not Number: 1");
  EXPECT_EQ(error(R"("datatype": "FP32", "data": [1])"), "input \"x\": \"shape\" is missing");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": 1, "data": [1])"),
            "input \"x\": \"shape\" must be a list of sizes, not Number: 1");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": [1.5], "data": [1])"),
            "input \"x\": a size in \"shape\" must be an integer, not Number: 1.5");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": [-1], "data": [1])"),
            "input \"x\": negative dimension in shape [-1]");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": [4611686018427387904, 4], "data": [1])"),
            "input \"x\": too many elements in shape [4611686018427387904,4]");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": [1099511627776], "data": [1])"),
            "input \"x\": \"data\" has fewer values than shape [1099511627776] needs, 1099511627776");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": [1], "data": 1)"),
            "input \"x\": \"data\" must be a list, not Number: 1");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": [2], "data": [1])"),
            "input \"x\": \"data\" has 1 value, shape [2] needs 2");
  EXPECT_EQ(error(R"("datatype": "FP32", "shape": [2], "data": [1, 2, 3])"),
            "input \"x\": \"data\" has more values than \"shape\" says");
  EXPECT_THAT(error(R"("datatype": "FP32", "shape": [1], "data": [null])"), HasSubstr("not of expected type: float"));
  EXPECT_THAT(error(R"("datatype": "INT32", "shape": [1], "data": [1.5])"), HasSubstr("not of expected type: int32"));
  EXPECT_THAT(error(R"("datatype": "INT8", "shape": [1], "data": [128])"), HasSubstr("out of range of int8"));
  EXPECT_THAT(error(R"("datatype": "UINT8", "shape": [1], "data": [-1])"), HasSubstr("out of range of uint8"));
  EXPECT_THAT(error(R"("datatype": "BOOL", "shape": [1], "data": [1])"), HasSubstr("not of expected type: bool"));
  EXPECT_THAT(error(R"("datatype": "BYTES", "shape": [1], "data": [1])"), HasSubstr("not of expected type: string"));
}

TEST(InferJsonTest, SaysWhatIsWrongWithTheRequest) {
  EXPECT_EQ(Error(""), "JSON Parse error: The document is empty");
  EXPECT_EQ(Error("[]"), "JSON Value: [] Is not object");
  EXPECT_EQ(Error("{}"), "\"inputs\" is missing");
  EXPECT_EQ(Error(R"({"inputs": {}})"), "\"inputs\" must be a list, not Object: {}");
  EXPECT_EQ(Error(R"({"inputs": [1]})"), "an input must be an object, not Number: 1");
  EXPECT_EQ(Error(R"({"inputs": [], "id": 7})"), "\"id\" must be a string, not Number: 7");
  EXPECT_EQ(Error(R"({"inputs": [], "outputs": {}})"), "\"outputs\" must be a list, not Object: {}");
  EXPECT_EQ(Error(R"({"inputs": [], "outputs": ["y"]})"), "an output must be an object, not String: \"y\"");
  EXPECT_EQ(Error(R"({"inputs": [], "outputs": [{"name": "y", "parameters": {"binary_data": 1}}]})"),
            "parameter \"binary_data\" must be true or false, not Number: 1");
  EXPECT_EQ(Error(R"({"inputs": [], "parameters": []})"), "\"parameters\" must be an object, not Array: []");
  EXPECT_EQ(Error(R"({"inputs": [], "parameters": {"binary_data_output": "yes"}})"),
            "parameter \"binary_data_output\" must be true or false, not String: \"yes\"");
  EXPECT_EQ(Error(R"({"inputs": [], "parameters": {"signature_name": 1}})"),
            "parameter \"signature_name\" must be a string, not Number: 1");
}

}  // namespace
}  // namespace trilho
