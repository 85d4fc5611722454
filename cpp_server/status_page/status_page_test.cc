// Over real models; what a browser makes of the page is shown by e2e/status_page_test.py.

#include "cpp_server/status_page/status_page.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cpp_server/config/version.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/testing/served_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A name that means something in HTML, in JSON and in paths.
constexpr char kOdd[] = "</script><b>\"odd\" \xc3\xa9/{x}";

// half_plus_two, with version 2 and the label "stable"; mnist_like; census_like; pieces; half_plus_two under an odd
// name; and one whose version 1 does not load.
class StatusPageTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ServedModels;
    ASSERT_TRUE(models_->Serve("half", "half_plus_two", {1, 2}));
    ASSERT_TRUE(models_->Serve("mnist", "mnist_like", {1}));
    ASSERT_TRUE(models_->Serve("census", "census_like", {1}));
    ASSERT_TRUE(models_->Serve("pieces", "pieces", {1}));
    ASSERT_TRUE(models_->Serve(kOdd, "half_plus_two", {1}));
    // Two names that a schema has no different names for.
    ASSERT_TRUE(models_->Serve("a b", "half_plus_two", {1}));
    ASSERT_TRUE(models_->Serve("a_b", "mnist_like", {1}));
    AspiredVersions broken;
    broken.model = "broken";
    broken.aspired = {{1, "/no/such/model\xff"}};
    models_->manager()->SetAspiredVersions(broken);
    ASSERT_FALSE(models_->manager()->WaitUntilSettled({"broken"}, std::chrono::minutes(1)));
  }
  static void TearDownTestSuite() {
    delete models_;
    models_ = nullptr;
  }

  StatusPageTest()
      : configuration_([](const std::vector<ModelSettings>&) { return absl::OkStatus(); }),
        labels_(models_->manager()) {
    tensorflow::serving::ModelServerConfig config;
    for (const char* const name : {"half", kOdd, "broken"}) {
      auto* const model = config.mutable_model_config_list()->add_config();
      model->set_name(name);
      model->set_base_path(absl::StrCat("/models/", name));
      model->set_model_platform("tensorflow");
    }
    EXPECT_TRUE(configuration_.Set(config, nullptr).ok());
    labels_.Set({{"half", {{"stable", 1}}}, {kOdd, {{"<i>", int64_t{1} << 60}}}});
    options_.managed.configuration = &configuration_;
    options_.managed.manager = models_->manager();
    options_.managed.labels = &labels_;
    options_.managed.problems = [] {
      return std::map<std::string, std::string>{{"half", ""}, {"broken", "no \"folder\"\xff"}};
    };
    options_.statistics = &statistics_;
    options_.ready = [this] { return ready_; };
    options_.warnings = [] { return std::vector<std::string>{"a certificate has expired"}; };
  }

  HttpResponse Get(const std::string& path) const { return StatusPage(options_).Answer(path); }

  JsonDocument GetJson(const std::string& path) const {
    const HttpResponse response = Get(path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/json");
    JsonDocument document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(response.body.data(), response.body.size());
    EXPECT_FALSE(document.HasParseError()) << response.body;
    return document;
  }

  static std::string Header(const HttpResponse& response, const std::string& name) {
    for (const auto& header : response.headers) {
      if (header.first == name) return header.second;
    }
    return "";
  }

  static ServedModels* models_;
  ModelConfiguration configuration_;
  LabelTable labels_;
  ModelStatistics statistics_;
  bool ready_ = true;
  StatusPage::Options options_;
};

ServedModels* StatusPageTest::models_ = nullptr;

TEST_F(StatusPageTest, KnowsItsPaths) {
  for (const char* const path : {"/", "/statusz", "/openapi.json"}) EXPECT_TRUE(StatusPage::IsStatusPath(path));
  for (const char* const path : {"", "//", "/statusz/", "/index.html"}) EXPECT_FALSE(StatusPage::IsStatusPath(path));
  EXPECT_TRUE(StatusPage::IsOpen("/")) << "it asks for the token";
  EXPECT_FALSE(StatusPage::IsOpen("/statusz"));
  EXPECT_FALSE(StatusPage::IsOpen("/openapi.json")) << "it names the models";
}

TEST_F(StatusPageTest, ThePageIsAllInOne) {
  const HttpResponse page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, AllOf(HasSubstr("<style>:root"), HasSubstr("<script>'use strict'"), HasSubstr("</html>")));
  EXPECT_THAT(page.body, Not(HasSubstr("@CSS@")));
  EXPECT_THAT(page.body, Not(HasSubstr("innerHTML")));
  // Of nothing else than what it came with.
  EXPECT_THAT(Header(page, "Content-Security-Policy"),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("style-src 'sha256-"), HasSubstr("script-src 'sha256-"),
                    HasSubstr("connect-src 'self'"), HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
  EXPECT_EQ(Header(page, "X-Content-Type-Options"), "nosniff");
}

TEST_F(StatusPageTest, TellsHowTheServerIs) {
  const JsonDocument status = GetJson("/statusz");
  const JsonValue& server = status["server"];
  EXPECT_STREQ(server["version"].GetString(), kVersion);
  EXPECT_TRUE(server["ready"].GetBool());
  EXPECT_GE(server["uptime_seconds"].GetInt64(), 0);
  EXPECT_GT(server["resident_bytes"].GetInt64(), 1 << 20);
  EXPECT_EQ(server["generation"].GetInt64(), 1);
  EXPECT_TRUE(status["infers"].GetBool());
  ASSERT_EQ(status["warnings"].Size(), 1U);
  EXPECT_STREQ(status["warnings"][0].GetString(), "a certificate has expired");
  EXPECT_EQ(Header(Get("/statusz"), "Cache-Control"), "no-store");
  ready_ = false;
  EXPECT_FALSE(GetJson("/statusz")["server"]["ready"].GetBool());
}

TEST_F(StatusPageTest, TellsOfModelsVersionsLabelsAndReasons) {
  const JsonDocument status = GetJson("/statusz");
  const JsonValue& models = status["models"];
  ASSERT_EQ(models.Size(), 3U) << "those that are configured";
  const JsonValue& half = models[0];
  EXPECT_STREQ(half["name"].GetString(), "half");
  EXPECT_STREQ(half["base_path"].GetString(), "/models/half");
  EXPECT_STREQ(half["problem"].GetString(), "");
  EXPECT_STREQ(half["labels"]["stable"].GetString(), "1");
  EXPECT_EQ(half["waiting_labels"].MemberCount(), 0U);
  ASSERT_EQ(half["versions"].Size(), 2U);
  EXPECT_STREQ(half["versions"][0]["version"].GetString(), "2");
  EXPECT_STREQ(half["versions"][0]["state"].GetString(), "AVAILABLE");
  EXPECT_STREQ(half["versions"][0]["error_code"].GetString(), "OK");
  const JsonValue& broken = models[2];
  EXPECT_STREQ(broken["problem"].GetString(), "no \"folder\"\xef\xbf\xbd");
  EXPECT_STREQ(broken["versions"][0]["state"].GetString(), "END");
  EXPECT_STREQ(broken["versions"][0]["error_code"].GetString(), "NOT_FOUND");
  EXPECT_THAT(broken["versions"][0]["error_message"].GetString(), HasSubstr("/no/such/model\xef\xbf\xbd"));
}

TEST_F(StatusPageTest, NamesComeOutAsTheyAre) {
  const JsonDocument status = GetJson("/statusz");
  EXPECT_STREQ(status["models"][1]["name"].GetString(), kOdd);
  EXPECT_STREQ(status["models"][1]["labels"]["<i>"].GetString(), "1152921504606846976") << "more than a double holds";
  EXPECT_STREQ(status["models"][1]["waiting_labels"]["<i>"].GetString(), "0") << "no version answers to it";
}

TEST_F(StatusPageTest, TellsHowVersionsDidLately) {
  InferenceRecord record;
  record.model = "half";
  record.version = 2;
  record.duration = std::chrono::milliseconds(8);
  record.begin = std::chrono::steady_clock::now() - record.duration;
  statistics_.OnEnd(record);
  statistics_.OnEnd(record);
  record.status = absl::InternalError("no");
  statistics_.OnEnd(record);
  const JsonDocument status = GetJson("/statusz");
  EXPECT_EQ(status["step_seconds"].GetInt(), 5);
  ASSERT_EQ(status["statistics"].Size(), 1U);
  const JsonValue& half = status["statistics"][0];
  EXPECT_STREQ(half["model"].GetString(), "half");
  EXPECT_STREQ(half["version"].GetString(), "2");
  EXPECT_EQ(half["window"]["count"].GetInt(), 3);
  EXPECT_EQ(half["window"]["errors"].GetInt(), 1);
  EXPECT_NEAR(half["window"]["p50_micros"].GetInt(), 8000, 2000);
  EXPECT_NEAR(half["window"]["p99_micros"].GetInt(), 8000, 2000);
  ASSERT_EQ(half["steps"].Size(), 60U);
  int calls = 0;
  for (const JsonValue& step : half["steps"].GetArray()) calls += step["count"].GetInt();
  EXPECT_EQ(calls, 3);
}

// What a reference of the document stands for; null if it stands for nothing.
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
  // What is halved.
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
    "description": "What is halved.",
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
