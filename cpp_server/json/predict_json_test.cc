#include "cpp_server/json/predict_json.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/data_type.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow/core/framework/tensor.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorInfo Info(const std::string& alias, TF_DataType type) {
  TensorInfo info;
  info.alias = alias;
  info.type = type;
  return info;
}

Signature SignatureOf(const std::vector<TensorInfo>& inputs) {
  Signature signature;
  signature.inputs = inputs;
  return signature;
}

absl::StatusOr<std::vector<Tensor>> Read(const std::string& body, const std::vector<TensorInfo>& inputs) {
  auto request = PredictJsonRequest::Parse(body);
  if (!request.ok()) return request.status();
  return request->ReadInputs(SignatureOf(inputs));
}

std::string Error(const std::string& body, const std::vector<TensorInfo>& inputs) {
  const auto tensors = Read(body, inputs);
  return tensors.ok() ? "none" : std::string(tensors.status().message());
}

template <typename T>
std::vector<T> Values(const Tensor& tensor) {
  return {tensor.data<T>(), tensor.data<T>() + tensor.num_elements()};
}

const std::vector<TensorInfo> kFloatX = {Info("x", TF_FLOAT)};
const std::vector<TensorInfo> kFloatAB = {Info("a", TF_FLOAT), Info("b", TF_FLOAT)};

TEST(PredictJsonTest, RowsOfOneInputArePlainValuesOrObjects) {
  for (const char* body : {R"({"instances": [1, 2.5]})", R"({"instances": [{"x": 1}, {"x": 2.5}]})"}) {
    const auto tensors = Read(body, kFloatX);
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    EXPECT_THAT((*tensors)[0].dims(), ElementsAre(2));
    EXPECT_THAT(Values<float>((*tensors)[0]), ElementsAre(1, 2.5f));
  }
}

TEST(PredictJsonTest, RowsMayBeListsOfAnyRank) {
  const auto tensors = Read(R"({"instances": [[[1], [2]], [[3], [4]], [[5], [6]]]})", kFloatX);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_THAT((*tensors)[0].dims(), ElementsAre(3, 2, 1));
  EXPECT_THAT(Values<float>((*tensors)[0]), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(PredictJsonTest, ColumnsAreOneTensorAnInput) {
  const auto tensors = Read(R"({"inputs": {"b": [[1, 2]], "a": 3, "else": "ignored"}})", kFloatAB);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ((*tensors)[0].rank(), 0);
  EXPECT_THAT(Values<float>((*tensors)[0]), ElementsAre(3));
  EXPECT_THAT((*tensors)[1].dims(), ElementsAre(1, 2));
  const auto plain = Read(R"({"inputs": [1, 2]})", kFloatX);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_THAT((*plain)[0].dims(), ElementsAre(2));
}

TEST(PredictJsonTest, StringsArePlainOrBase64) {
  const auto tensors = Read(R"({"instances": ["a\u0000b", {"b64": "/wA="}]})", {Info("s", TF_STRING)});
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ((*tensors)[0].string(0), absl::string_view("a\0b", 3));
  EXPECT_EQ((*tensors)[0].string(1), absl::string_view("\xff\0", 2));
}

TEST(PredictJsonTest, AnInputCalledB64IsStillAnInput) {
  const auto tensors = Read(R"({"instances": [{"b64": "plain"}]})", {Info("b64", TF_STRING)});
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ((*tensors)[0].string(0), "plain");
}

TEST(PredictJsonTest, AMissingInputTakesItsDefault) {
  std::vector<TensorInfo> infos = kFloatAB;
  tensorflow::TensorProto seven;
  seven.set_dtype(tensorflow::DT_FLOAT);
  seven.mutable_tensor_shape();
  seven.add_float_val(7);
  infos[1].default_value = seven.SerializeAsString();
  for (const char* body : {R"({"inputs": {"a": [1]}})", R"({"instances": [{"a": 1}]})"}) {
    const auto tensors = Read(body, infos);
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    EXPECT_THAT(Values<float>((*tensors)[1]), ElementsAre(7));
  }
}

TEST(PredictJsonTest, NamesWhatIsWrong) {
  const struct {
    std::string body;
    std::string message;
  } cases[] = {
      {"{}", "Missing 'inputs' or 'instances' key"},
      {R"({"instances": [1], "inputs": [1]})", "Not expecting both 'instances' and 'inputs' keys"},
      {R"({"instances": [1], "signature_name": 1})", "'signature_name' key must be a string value."},
      {R"({"instances": {}})", "Expecting 'instances' to be an list/array"},
      {R"({"instances": []})", "No values in 'instances' array"},
      {R"({"instances": ["a"]})",
       "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: \"a\" Type: String is "
       "not of expected type: float"},
      {R"({"instances": [1, [2]]})",
       "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
       "Encountered list at unexpected level: 1 expected < 1"},
      {R"({"instances": [[1], 2]})", "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"},
      {R"({"instances": [[1], [2, 3]]})", "Encountered list at unexpected size: 2 at level: 1 expected size: 1"},
      {R"({"instances": [{"y": 1}]})",
       "Failed to process element: 0 of 'instances' list. JSON object: {\"y\": 1} keys must be equal to: x"},
      {R"({"instances": [{"x": 1}, 2]})", "Is not object"},
      {R"({"inputs": {"y": 1}})", "Missing named input: x in 'inputs' object."},
      {R"({"inputs": {"x": true}})", "input \"x\": JSON Value: true Type: True is not of expected type: float"},
      {R"({"inputs": null})", "JSON Value: null Type: Null is not of expected type: float"},
  };
  for (const auto& c : cases) EXPECT_THAT(Error(c.body, kFloatX), HasSubstr(c.message)) << c.body;
  EXPECT_THAT(Error(R"({"instances": [1]})", kFloatAB), HasSubstr("multiple input tensors required"));
  EXPECT_THAT(Error(R"({"inputs": [1]})", kFloatAB), HasSubstr("multiple input tensors required"));
  EXPECT_THAT(Error(R"({"instances": [{"a": 1}]})", kFloatAB), HasSubstr("keys must be equal to: a,b"));
}

TEST(PredictJsonTest, IntegersKeepToTheirRange) {
  const struct {
    TF_DataType type;
    std::string smallest, largest, below, above;
  } cases[] = {
      {TF_INT8, "-128", "127", "-129", "128"},
      {TF_UINT8, "0", "255", "-1", "256"},
      {TF_INT16, "-32768", "32767", "-32769", "32768"},
      {TF_UINT16, "0", "65535", "-1", "65536"},
      {TF_INT32, "-2147483648", "2147483647", "-2147483649", "2147483648"},
      {TF_UINT32, "0", "4294967295", "-1", "4294967296"},
      {TF_INT64, "-9223372036854775808", "9223372036854775807", "", "9223372036854775808"},
      {TF_UINT64, "0", "18446744073709551615", "-1", ""},
  };
  for (const auto& c : cases) {
    const std::vector<TensorInfo> infos = {Info("x", c.type)};
    const auto both = Read(absl::StrCat("{\"instances\": [", c.smallest, ",", c.largest, "]}"), infos);
    ASSERT_TRUE(both.ok()) << both.status();
    const auto json = WritePredictResponse(PredictFormat::kColumns, infos, *both);
    EXPECT_THAT(*json, HasSubstr(absl::StrCat("[", c.smallest, ", ", c.largest, "]")));
    for (const std::string& outside : {c.below, c.above}) {
      if (outside.empty()) continue;
      EXPECT_THAT(Error(absl::StrCat("{\"instances\": [", outside, "]}"), infos), HasSubstr("out of range"))
          << DataTypeName(c.type);
    }
    EXPECT_THAT(Error("{\"instances\": [1.0]}", infos), HasSubstr("is not of expected type"));
  }
}

TEST(PredictJsonTest, FloatsTakeEveryNumber) {
  for (const TF_DataType type : {TF_FLOAT, TF_DOUBLE, TF_HALF, TF_BFLOAT16}) {
    const std::vector<TensorInfo> infos = {Info("x", type)};
    const auto tensors = Read(R"({"instances": [1, -0.5, NaN, Infinity, -Infinity]})", infos);
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    const auto json = WritePredictResponse(PredictFormat::kColumns, infos, *tensors);
    EXPECT_EQ(*json, "{\n    \"outputs\": [1.0, -0.5, NaN, Infinity, -Infinity]\n}") << DataTypeName(type);
  }
  const auto large = Read(R"({"instances": [1e40, -1e40]})", kFloatX);
  EXPECT_THAT(*WritePredictResponse(PredictFormat::kColumns, kFloatX, *large), HasSubstr("[Infinity, -Infinity]"));
}

TEST(PredictJsonTest, TheLargestFloatStaysTheLargest) {
  // Its shortest digits are a little more than it.
  constexpr float kLargest = std::numeric_limits<float>::max();
  const auto largest = Read(R"({"instances": [3.4028235e+38, -3.4028235e+38, 3.40282357e+38]})", kFloatX);
  ASSERT_TRUE(largest.ok()) << largest.status();
  EXPECT_THAT(Values<float>((*largest)[0]), ElementsAre(kLargest, -kLargest, std::numeric_limits<float>::infinity()));
  EXPECT_THAT(*WritePredictResponse(PredictFormat::kColumns, kFloatX, *largest),
              HasSubstr("[3.4028235e+38, -3.4028235e+38, Infinity]"));
}

TEST(PredictJsonTest, BoolsAreTrueOrFalse) {
  const std::vector<TensorInfo> infos = {Info("x", TF_BOOL)};
  const auto tensors = Read(R"({"instances": [true, false]})", infos);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_THAT(*WritePredictResponse(PredictFormat::kColumns, infos, *tensors), HasSubstr("[true, false]"));
  EXPECT_THAT(Error(R"({"instances": [1]})", infos), HasSubstr("is not of expected type: bool"));
}

TEST(PredictJsonTest, ATypeWithoutJsonValuesIsUnimplemented) {
  for (const char* body : {R"({"instances": [1]})", R"({"inputs": 1})"}) {
    EXPECT_EQ(Read(body, {Info("x", TF_COMPLEX64)}).status(),
              absl::UnimplementedError("Conversion of JSON Value: 1 to type: complex64"));
  }
}

TEST(PredictJsonTest, DeepListsAreRefused) {
  const std::string deep = std::string(100000, '[') + "1" + std::string(100000, ']');
  EXPECT_THAT(Error("{\"inputs\": " + deep + "}", kFloatX), HasSubstr("Nested deeper than 64 levels"));
  EXPECT_THAT(Error("{\"instances\": [" + deep + "]}", kFloatX), HasSubstr("Nested deeper than 64 levels"));
}

// As a tensor this would be more than kMaxTensorBytes, which another message
// would say.
TEST(PredictJsonTest, AListThatClaimsMoreThanItSendsGetsNoMemory) {
  std::string first = "[\"\"", rest;
  for (int i = 1; i < 10000; ++i) {
    first += ",\"\"";
    rest += ",0";
  }
  first += "]";
  const std::vector<TensorInfo> strings = {Info("x", TF_STRING)};
  const char* const level = "JSON Value: 0 found at incorrect level: 2 in the JSON DOM. Expected at level: 2";
  EXPECT_THAT(
      Error("{\"instances\": [" + first + rest + "]}", strings),
      HasSubstr("Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: " + std::string(level)));
  EXPECT_THAT(Error("{\"inputs\": [" + first + rest + "]}", strings), HasSubstr(level));
  EXPECT_THAT(Error("{\"instances\": [{\"x\": " + first + "}, {\"x\": [\"\"]}]}", strings),
              HasSubstr("Encountered list at unexpected size: 1"));
}

TEST(PredictJsonTest, AsManyElementsAsFitInABodyAreRead) {
  // The densest there is: one byte a value, one to divide them.
  std::string body = "{\"instances\": [[1";
  for (int i = 1; i < 100000; ++i) body += ",1";
  const auto tensors = Read(body + "]]}", kFloatX);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_THAT((*tensors)[0].dims(), ElementsAre(1, 100000));
}

TEST(PredictJsonTest, EmptyListsHaveNoElements) {
  const struct {
    std::string body;
    std::vector<int64_t> dims;
  } cases[] = {
      {R"({"inputs": []})", {0}},
      {R"({"inputs": [[], []]})", {2, 0}},
      {R"({"instances": [[]]})", {1, 0}},
      {R"({"instances": [[[], []], [[], []]]})", {2, 2, 0}},
  };
  for (const auto& c : cases) {
    const auto tensors = Read(c.body, kFloatX);
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    EXPECT_EQ((*tensors)[0].dims(), c.dims) << c.body;
  }
  EXPECT_THAT(Error(R"({"inputs": [[], [1]]})", kFloatX),
              HasSubstr("Encountered list at unexpected size: 1 at level: 1 expected size: 0"));
}

TEST(PredictJsonTest, OfAKeyTwiceTheFirstCountsAndInARowNeither) {
  const auto tensors = Read(R"({"inputs": [1], "inputs": [2]})", kFloatX);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_THAT(Values<float>((*tensors)[0]), ElementsAre(1));
  EXPECT_THAT(Error(R"({"instances": [{"x": 1, "x": 2}]})", kFloatX), HasSubstr("keys must be equal to: x"));
}

TEST(PredictJsonTest, EscapesStandForTheirCharacters) {
  const std::vector<TensorInfo> infos = {Info("s", TF_STRING)};
  const auto tensors = Read(R"({"instances": ["\u00e9\ud83d\ude82\n\"\\\/"]})", infos);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ((*tensors)[0].string(0), "\xc3\xa9\xf0\x9f\x9a\x82\n\"\\/");
  EXPECT_THAT(Error(R"({"instances": ["\ud83d"]})", infos), HasSubstr("The surrogate pair in string is invalid."));
}

TEST(PredictJsonTest, NumbersTooLargeForADoubleAreNoJson) {
  EXPECT_THAT(Error(R"({"instances": [1e400]})", kFloatX), HasSubstr("Number too big to be stored in double."));
  EXPECT_THAT(Error(R"({"instances": [123456789012345678901234567890]})", {Info("x", TF_INT64)}),
              HasSubstr("is not of expected type: int64"));
  EXPECT_THAT(Values<float>((*Read(R"({"instances": [123456789012345678901234567890]})", kFloatX))[0]),
              ElementsAre(123456789012345678901234567890.0f));
}

TEST(PredictJsonTest, RowsOfSeveralOutputsAreObjects) {
  const auto tensors = Read(R"({"inputs": {"a": [[1, 2], [3, 4]], "b": [5, 6]}})", kFloatAB);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ(*WritePredictResponse(PredictFormat::kRows, kFloatAB, *tensors),
            "{\n    \"predictions\": [\n        {\"a\": [1.0, 2.0], \"b\": 5.0},\n        {\"a\": [3.0, 4.0], \"b\": "
            "6.0}\n    ]\n}");
  EXPECT_EQ(*WritePredictResponse(PredictFormat::kColumns, kFloatAB, *tensors),
            "{\n    \"outputs\": {\n        \"a\": [[1.0, 2.0], [3.0, 4.0]],\n        \"b\": [5.0, 6.0]\n    }\n}");
}

TEST(PredictJsonTest, RowsNeedOneFirstDimension) {
  const auto scalar = Read(R"({"inputs": {"a": 1, "b": [1]}})", kFloatAB);
  EXPECT_EQ(WritePredictResponse(PredictFormat::kRows, kFloatAB, *scalar).status().message(),
            "Tensor name: a has no shape information ");
  const auto uneven = Read(R"({"inputs": {"a": [1, 2], "b": [1]}})", kFloatAB);
  EXPECT_THAT(std::string(WritePredictResponse(PredictFormat::kRows, kFloatAB, *uneven).status().message()),
              HasSubstr("b has inconsistent batch size: 1"));
}

TEST(PredictJsonTest, BytesAreWrittenInBase64) {
  const std::vector<TensorInfo> plain = {Info("s", TF_STRING)}, bytes = {Info("s_bytes", TF_STRING)};
  const auto tensors = Read(R"({"inputs": ["ab"]})", plain);
  EXPECT_THAT(*WritePredictResponse(PredictFormat::kRows, plain, *tensors), HasSubstr("\"ab\""));
  EXPECT_THAT(*WritePredictResponse(PredictFormat::kRows, bytes, *tensors), HasSubstr(R"({"b64": "YWI="})"));
  const auto binary = Read(R"({"inputs": [{"b64": "/w=="}]})", plain);
  EXPECT_THAT(*WritePredictResponse(PredictFormat::kRows, plain, *binary), HasSubstr(R"({"b64": "/w=="})"));
}

}  // namespace
}  // namespace trilho
