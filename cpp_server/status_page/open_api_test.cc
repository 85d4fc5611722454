// The OpenAPI document of real models and contracts.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "cpp_server/config/version.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/status_page/status_page_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Returns the value that a reference of the document stands for; null if it stands for nothing.
const JsonValue* Resolve(const JsonDocument& document, absl::string_view reference) {
  if (!absl::ConsumePrefix(&reference, "#/")) return nullptr;
  const JsonValue* value = &document;
  for (const absl::string_view part : absl::StrSplit(reference, '/')) {
    const auto member = value->FindMember(std::string(part).c_str());
    if (member == value->MemberEnd()) return nullptr;
    value = &member->value;
  }
  return value;
}

void CheckReferences(const JsonDocument& document, const JsonValue& value) {
  if (value.IsArray()) {
    for (const JsonValue& inner : value.GetArray()) CheckReferences(document, inner);
  }
  if (!value.IsObject()) return;
  std::vector<std::string> names;
  for (const auto& member : value.GetObject()) {
    const std::string name = member.name.GetString();
    names.push_back(name);
    if (name == "$ref") {
      EXPECT_NE(Resolve(document, member.value.GetString()), nullptr) << member.value.GetString();
    }
    CheckReferences(document, member.value);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << "one name twice";
}

TEST_F(StatusPageTest, TheOpenApiDocumentIsWellFormed) {
  for (const bool infers : {true, false}) {
    options_.infers = infers;
    const JsonDocument document = GetJson("/openapi.json");
    EXPECT_STREQ(document["openapi"].GetString(), "3.0.3");
    EXPECT_STREQ(document["info"]["version"].GetString(), kVersion);
    CheckReferences(document, document);
    for (const auto& path : document["paths"].GetObject()) {
      const std::string name = path.name.GetString();
      SCOPED_TRACE(name);
      EXPECT_EQ(name[0], '/');
      for (const auto& operation : path.value.GetObject()) {
        EXPECT_THAT(operation.name.GetString(), ::testing::AnyOf(std::string("get"), std::string("post")));
        EXPECT_TRUE(operation.value.HasMember("summary"));
        EXPECT_TRUE(operation.value["responses"].HasMember("200"));
        // Each parameter of the path is described, and no other.
        size_t parameters = 0;
        if (operation.value.HasMember("parameters")) parameters = operation.value["parameters"].Size();
        EXPECT_EQ(static_cast<size_t>(std::count(name.begin(), name.end(), '{')), parameters);
      }
    }
    for (const auto& schema : document["components"]["schemas"].GetObject()) {
      const std::string name = schema.name.GetString();
      EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_isalnum(c) || absl::StrContains(".-_", absl::string_view(&c, 1));
      })) << name;
    }
  }
}

TEST_F(StatusPageTest, TheOpenApiDocumentHasEveryRoute) {
  const JsonDocument document = GetJson("/openapi.json");
  for (const char* const path : {"/",
                                 "/statusz",
                                 "/openapi.json",
                                 "/healthz",
                                 "/readyz",
                                 "/readyz/{model}",
                                 "/metrics",
                                 "/v1/models",
                                 "/v1/models/{model}",
                                 "/v1/models/{model}/metadata",
                                 "/v1/models/{model}:predict",
                                 "/v1/models/{model}/versions/{version}:classify",
                                 "/v1/models/{model}/labels/{label}:regress",
                                 "/v2",
                                 "/v2/health/live",
                                 "/v2/health/ready",
                                 "/v2/models/{model}",
                                 "/v2/models/{model}/ready",
                                 "/v2/models/{model}/infer",
                                 "/v2/models/{model}/config",
                                 "/v2/models/{model}/stats",
                                 "/v2/models/stats",
                                 "/v2/repository/index",
                                 "/v2/models/{model}/versions/{version}",
                                 "/v2/models/{model}/versions/{version}/ready",
                                 "/v2/models/{model}/versions/{version}/infer"}) {
    EXPECT_TRUE(document["paths"].HasMember(path)) << path;
  }
  EXPECT_FALSE(document["paths"].HasMember("/v1/management/AddModel"));
  options_.infers = false;
  const JsonDocument management = GetJson("/openapi.json");
  EXPECT_TRUE(management["paths"].HasMember("/v1/management/AddModel"));
  EXPECT_THAT(management["info"]["description"].GetString(), HasSubstr("--rest_api_port"));
}

const JsonValue& SchemaOf(const JsonDocument& document, const char* name) {
  return document["components"]["schemas"][name];
}

TEST_F(StatusPageTest, ASignatureIsASchema) {
  const JsonDocument document = GetJson("/openapi.json");
  JsonDocument expected;
  expected.Parse(R"({
    "type": "object",
    "properties": {
      "signature_name": {"type": "string", "enum": ["add"]},
      "inputs": {
        "type": "object",
        "properties": {
          "a": {"type": "array", "items": {"type": "number", "format": "float"}, "description": "float [-1]"},
          "b": {"type": "array", "items": {"type": "number", "format": "float"}, "description": "float [-1]"}},
        "required": ["a", "b"]},
      "instances": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "a": {"type": "number", "format": "float", "description": "float []"},
            "b": {"type": "number", "format": "float", "description": "float []"}},
          "required": ["a", "b"]}}},
    "oneOf": [{"required": ["inputs"]}, {"required": ["instances"]}],
    "required": ["signature_name"]})");
  ASSERT_FALSE(expected.HasParseError());
  EXPECT_EQ(SchemaOf(document, "mnist.add.request"), expected);
  expected.Parse(R"({
    "type": "object",
    "properties": {
      "outputs": {
        "type": "array",
        "items": {
          "type": "array", "items": {"type": "number", "format": "float"}, "minItems": 10, "maxItems": 10},
        "description": "float [-1,10]"},
      "predictions": {
        "type": "array",
        "items": {
          "type": "array", "items": {"type": "number", "format": "float"}, "minItems": 10, "maxItems": 10,
          "description": "float [10]"}}},
    "oneOf": [{"required": ["outputs"]}, {"required": ["predictions"]}]})");
  ASSERT_FALSE(expected.HasParseError());
  EXPECT_EQ(SchemaOf(document, "mnist.serving_default.response"), expected);
  // One input may come with its alias or without; the default signature need not be named.
  const JsonValue& image = SchemaOf(document, "mnist.serving_default.request");
  EXPECT_FALSE(image.HasMember("required"));
  const JsonValue& forms = image["properties"]["inputs"]["anyOf"];
  EXPECT_EQ(forms[0]["items"]["maxItems"].GetInt(), 784);
  EXPECT_TRUE(forms[1]["properties"].HasMember("image_data"));
  // Text, or bytes.
  EXPECT_EQ(SchemaOf(document, "mnist.upper.request")["properties"]["inputs"]["anyOf"][0]["items"]["anyOf"].Size(), 2U);
}

std::vector<std::string> References(const JsonValue& operation) {
  std::vector<std::string> references;
  const JsonValue& schema = operation["requestBody"]["content"]["application/json"]["schema"];
  if (schema.HasMember("$ref")) return {schema["$ref"].GetString()};
  for (const JsonValue& one : schema["anyOf"].GetArray()) references.emplace_back(one["$ref"].GetString());
  return references;
}

constexpr char kContract[] = R"(
  // Says how much.
  service HalfService {
    // Halves each number.
    rpc Predict(In) returns (Out) { option (trilho.contract.model) = { name: "half" }; }
  }
  message In { repeated Number some_numbers = 1 [(trilho.contract.batch) = true]; }
  // The numbers that are halved.
  message Number {
    // In metres.
    float value = 1 [(trilho.contract.tensor) = { alias: "x" minimum: 2 maximum: 9 }];
    string unit = 2 [(trilho.contract.tensor) = { vocabulary: ["m", "km"] }];
    repeated double matrix = 3 [(trilho.contract.tensor) = { shape: [2, 2] }];
    optional int64 large = 4 [(trilho.contract.tensor) = { default_number: 1 }];
    bool flag = 5;
    bytes raw = 6;
    Kind kind = 7;
    repeated uint32 counts = 8;
  }
  enum Kind { PLAIN = 0; FANCY = 1; }
  message Out { repeated Half halves = 1 [(trilho.contract.batch) = true]; }
  message Half { float value = 1 [(trilho.contract.tensor) = { alias: "y" }]; })";

TEST_F(StatusPageTest, AContractIsAPathAndItsMessagesAreSchemas) {
  const CompiledProto compiled(TestProto(kContract));
  options_.contracts = &compiled.contracts();
  const JsonDocument document = GetJson("/openapi.json");
  const JsonValue& post = document["paths"]["/v1/contracts/test.HalfService/Predict"]["post"];
  EXPECT_STREQ(post["summary"].GetString(), "Predict of test.HalfService, by the model half");
  EXPECT_STREQ(post["description"].GetString(), "Halves each number.");
  EXPECT_THAT(References(post), ElementsAre("#/components/schemas/test.In"));
  JsonDocument expected;
  expected.Parse(R"({
    "type": "object",
    "properties": {
      "someNumbers": {
        "type": "array", "items": {"$ref": "#/components/schemas/test.Number"}, "minItems": 1}},
    "required": ["someNumbers"]})");
  EXPECT_EQ(SchemaOf(document, "test.In"), expected);
  expected.Parse(R"({
    "type": "object",
    "description": "The numbers that are halved.",
    "properties": {
      "value": {"type": "number", "format": "float", "minimum": 2.0, "maximum": 9.0, "description": "In metres."},
      "unit": {"type": "string", "enum": ["m", "km"]},
      "matrix": {
        "type": "array",
        "items": {
          "anyOf": [
            {"type": "number", "format": "double"},
            {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]},
        "minItems": 4, "maxItems": 4},
      "large": {"type": "string", "format": "int64"},
      "flag": {"type": "boolean"},
      "raw": {"type": "string", "format": "byte"},
      "kind": {"type": "string", "enum": ["PLAIN", "FANCY"]},
      "counts": {"type": "array", "items": {"type": "integer", "minimum": 0}}},
    "required": ["value", "unit", "matrix"]})");
  ASSERT_FALSE(expected.HasParseError());
  EXPECT_EQ(SchemaOf(document, "test.Number"), expected);
  expected.Parse(R"({"someNumbers": [{
    "value": 2, "unit": "m", "matrix": [0, 0, 0, 0], "large": "0", "flag": false, "raw": "dGV4dA==", "kind": "PLAIN",
    "counts": [0]}]})");
  EXPECT_EQ(post["requestBody"]["content"]["application/json"]["example"], expected);
}

TEST_F(StatusPageTest, WhatARequestMustHoldIsRequired) {
  const CompiledProto compiled(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In {
      Inner inner = 1;
      Free free = 2;
      repeated Other any = 3;
      optional string must = 4;
      optional string may = 5 [(trilho.contract.tensor) = { default_string: "x" }];
      string word = 6 [(trilho.contract.tensor) = { vocabulary: ["", "a"] }];
      int32 low = 7 [(trilho.contract.tensor) = { maximum: -1 }];
      int32 zero = 8 [(trilho.contract.tensor) = { minimum: -1 maximum: 0 }];
      bytes pixels = 9 [(trilho.contract.tensor) = { dtype: UINT8 shape: [2, 2] }];
      bytes counted = 10 [(trilho.contract.tensor) = { dtype: UINT8 }];
      repeated float none = 11 [(trilho.contract.tensor) = { shape: [0, 2] }];
      float keras = 12 [(trilho.contract.tensor) = { shape: 1 }];
    }
    message Inner { optional float inner_must = 1; }
    message Other { optional float other_must = 1; }
    message Free { float x = 13; })"));
  options_.contracts = &compiled.contracts();
  const JsonDocument document = GetJson("/openapi.json");
  JsonDocument expected;
  expected.Parse(R"(["inner", "must", "low", "pixels"])");
  EXPECT_EQ(SchemaOf(document, "test.In")["required"], expected);
  EXPECT_FALSE(SchemaOf(document, "test.Free").HasMember("required"));
  // One value, whatever its tensor's shape is.
  expected.Parse(R"({"anyOf": [{"type": "number", "format": "float"},
                               {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]})");
  EXPECT_EQ(SchemaOf(document, "test.In")["properties"]["keras"], expected);
}

TEST_F(StatusPageTest, ARequestOfTooManyValuesHasNoExample) {
  const CompiledProto compiled(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In { repeated float x = 1 [(trilho.contract.tensor) = { shape: [300, 300] }]; })"));
  options_.contracts = &compiled.contracts();
  const JsonDocument document = GetJson("/openapi.json");
  const JsonValue& body = document["paths"]["/v1/contracts/test.S/M"]["post"]["requestBody"];
  EXPECT_STREQ(body["description"].GetString(), "there is no example: one has more than 10000 values");
  EXPECT_FALSE(body["content"]["application/json"].HasMember("example"));
}

TEST_F(StatusPageTest, APageThatModelsAreNotAskedOnHasNoContracts) {
  const CompiledProto compiled(TestProto(kContract));
  options_.contracts = &compiled.contracts();
  options_.infers = false;
  EXPECT_FALSE(GetJson("/openapi.json")["paths"].HasMember("/v1/contracts/test.HalfService/Predict"));
}

TEST_F(StatusPageTest, EveryAvailableVersionHasPaths) {
  const JsonDocument document = GetJson("/openapi.json");
  const JsonValue& paths = document["paths"];
  // Both versions have the same signatures, and so the same schema.
  for (const char* const path :
       {"/v1/models/half:predict", "/v1/models/half/versions/1:predict", "/v1/models/half/versions/2:predict"}) {
    ASSERT_TRUE(paths.HasMember(path)) << path;
    EXPECT_THAT(References(paths[path]["post"]), ElementsAre("#/components/schemas/half.serving_default.request"));
  }
  EXPECT_TRUE(paths.HasMember("/v1/models/census:classify"));
  EXPECT_TRUE(paths.HasMember("/v1/models/census:regress"));
  EXPECT_THAT(References(paths["/v1/models/census:regress"]["post"]),
              ::testing::Contains("#/components/schemas/census.regress.request"));
  EXPECT_FALSE(paths.HasMember("/v1/models/broken:predict"));
  EXPECT_FALSE(paths.HasMember("/v1/models/pieces:predict")) << "REST has no word for some of its outputs";
}

TEST_F(StatusPageTest, OddNamesAreEncodedAndStayApart) {
  const JsonDocument document = GetJson("/openapi.json");
  EXPECT_TRUE(document["paths"].HasMember("/v1/models/%3c%2fscript%3e%3cb%3e%22odd%22%20%c3%a9%2f%7bx%7d:predict"));
  // "a b" came first; "a_b" has another schema, which needs another name.
  EXPECT_THAT(References(document["paths"]["/v1/models/a%20b:predict"]["post"]),
              ElementsAre("#/components/schemas/a_b.serving_default.request"));
  EXPECT_THAT(References(document["paths"]["/v1/models/a_b:predict"]["post"]),
              ::testing::Contains("#/components/schemas/a_b.1.serving_default.request"));
}

}  // namespace
}  // namespace trilho
